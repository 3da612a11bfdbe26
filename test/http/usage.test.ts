import { afterAll, beforeAll, expect, it } from 'vitest';
import { getUsage } from '../../src/endpoints/usage.ts';
import { createGateway, createTestClock, type Gateway, inject } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway({ clock: createTestClock('2026-06-15T12:00:00.000Z') });
});
afterAll(() => gateway.close());

/** What was told of an account once its answers were flushed. */
async function usageOf(key: string, query = '') {
  await new Promise((resolve) => setImmediate(resolve));
  return gateway.get(`/usage${query}`, key);
}

it('tells the plan, what is left, and the month by day, endpoint and outcome, free of charge', async () => {
  const key = await gateway.newKey({ plan: 'starter' });
  await gateway.get('/v1/meta', key);
  await gateway.get('/v1/repo?repo=acme/nothing', key);
  await gateway.get('/v1/repo?repo=nothing', key);
  const { status, body, headers } = await usageOf(key);
  expect([status, body.status, body.message]).toEqual([200, 'ok', 'Usage']);
  expect(getUsage.data.safeParse(body.data)).toHaveProperty('success', true);
  expect(body.data).toMatchObject({
    plan: 'starter',
    second: { limit: 8, remaining: expect.any(Number) },
    month: { month: '2026-06', limit: 51_000, remaining: 50_998, reset: expect.any(Number) },
  });
  expect(Math.abs(body.data.month.reset - 15.5 * 86_400)).toBeLessThan(60);
  const [month, ...more] = body.data.months;
  expect(more).toEqual([]);
  expect(month).toMatchObject({ month: '2026-06', calls: 3, charged: 2 });
  expect(month.days).toMatchObject([{ day: '2026-06-15', calls: 3, charged: 2 }]);
  const named = (rows: { calls: number; endpoint?: string; code?: string }[]) =>
    Object.fromEntries(rows.map(({ endpoint, code, calls }) => [endpoint ?? code, calls]));
  expect(named(month.endpoints)).toEqual({ getMeta: 1, getRepository: 2 });
  expect(named(month.codes)).toEqual({ ok: 1, upstream_not_found: 1, invalid_request: 1 });
  expect([headers['x-quota-remaining'], headers['cache-control']]).toEqual(['50998', 'private, no-cache']);
  expect((await usageOf(key)).body.data.months[0].calls).toBe(3);
});

it('goes back as far as a year', async () => {
  const { body } = await usageOf(gateway.key, '?months=13&pretty=1');
  expect(body.data.months.map(({ month }: { month: string }) => month)).toEqual([
    ...['2026-06', '2026-05', '2026-04', '2026-03', '2026-02', '2026-01'],
    ...['2025-12', '2025-11', '2025-10', '2025-09', '2025-08', '2025-07', '2025-06'],
  ]);
});

it.each(['?months=0', '?months=14', '?months=1.0', '?month=1'])('refuses %s', async (query) => {
  const { status, body } = await usageOf(gateway.key, query);
  expect([status, body.meta.code, body.meta.details?.length]).toEqual([400, 'invalid_request', 1]);
});

it('wants a good key of an active account, and takes GET and HEAD alone', async () => {
  expect((await gateway.get('/usage', 'oanor_test_wrong')).body.meta.code).toBe('key_invalid');
  const ended = await gateway.newKey({ expiresAtMs: gateway.clock.now() - 1 });
  expect((await gateway.get('/usage', ended)).status).toBe(402);
  const headers = { 'x-oanor-key': gateway.key };
  expect((await inject(gateway.server, '/bitbucket-api/usage', headers, 'DELETE')).status).toBe(405);
  const head = await inject(gateway.server, '/bitbucket-api/usage', headers, 'HEAD');
  expect([head.status, head.text]).toEqual([200, '']);
});

it('passes a gate of its own', async () => {
  const key = await gateway.newKey({ plan: 'free' });
  const answers = await Promise.all(Array.from({ length: 13 }, () => gateway.get('/usage', key)));
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
  expect((await gateway.get('/v1/meta', key)).status).toBe(200);
});

it('each account sees its own', async () => {
  const [a, b] = [await gateway.newKey({ name: 'both' }), await gateway.newKey({ name: 'other' })];
  await gateway.get('/v1/meta', a);
  expect((await usageOf(b)).body.data.months[0].calls).toBe(0);
  expect((await usageOf(a)).body.data.months[0].calls).toBe(1);
});
