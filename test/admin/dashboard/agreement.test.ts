import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createConnectProxy } from '../../bitbucket/connect-proxy.ts';
import { createStandIn, type StandIn } from '../../bitbucket/stand-in.ts';
import { type Program, startProgram, TOKEN } from '../program.ts';
import { type Heard, hear } from './hear.ts';

/** A start of the real program takes seconds where the machine has other things to do. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
let standIn: StandIn;
let proxy: Awaited<ReturnType<typeof createConnectProxy>>;
let program: Program;
let heard: Heard;
beforeAll(async () => {
  standIn = await createStandIn({ hourlyBudget: 1_000_000 });
  proxy = await createConnectProxy();
  program = await startProgram({
    folder,
    standIn,
    environment: { PROXY_URLS: proxy.url, EXIT_HOURLY_BUDGET: '1000', PRICE_PER_GB: '4' },
  });
  heard = hear(program.door, { authorization: `Bearer ${TOKEN}` });
  await heard.answered;
});
afterAll(async () => {
  heard.end();
  await program.stop();
  await proxy.close();
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The sum of a metric's samples, by a label or in all. */
function sumsOf(metrics: string, name: string, label?: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [, labels = '', value] of metrics.matchAll(
    new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'),
  )) {
    const group = label === undefined ? 'all' : (new RegExp(`\\b${label}="([^"]*)"`).exec(labels)?.[1] ?? '');
    sums[group] = (sums[group] ?? 0) + Number(value);
  }
  return sums;
}

const MIXED: readonly (readonly [path: string, times: number, status: number])[] = [
  ['/v1/repo?repo=atlassian/atlassian-event', 12, 200],
  ['/v1/repo/branches?repo=acme/big&pagelen=100', 7, 200],
  ['/v1/repo?repo=acme/nothing', 5, 404],
  ['/v1/repo?repo=not-a-repo', 4, 400],
  ['/v1/meta', 3, 200],
];

describe('the dashboard under mixed load', () => {
  it('tells what /metrics tells, what the stand-in counted and what callers got', async () => {
    const { data } = (
      await program.ask('POST', '/v1/accounts', {
        name: '<img src=x onerror=alert(1)>',
        plan: 'mega',
        callsPerSecond: 1_000_000,
      })
    ).body;
    const got: Record<string, number> = {};
    const call = async (path: string, key: string) => {
      const response = await fetch(`${program.url}/bitbucket-api${path}`, {
        headers: { 'x-oanor-key': key },
      });
      await response.arrayBuffer();
      got[response.status] = (got[response.status] ?? 0) + 1;
    };
    standIn.fault('/branches', (_request, response) => response.writeHead(500).end('x'));
    await Promise.all(
      MIXED.flatMap(([path, times]) => Array.from({ length: times }, () => call(path, data.key))),
    );
    await call('/v1/meta', 'unknown');
    await vi.waitFor(() => expect(heard.frames.at(-1)?.totals.statuses).toEqual(got), {
      timeout: 20_000,
      interval: 100,
    });
    expect(got).toEqual({ 200: 22, 400: 4, 401: 1, 404: 5 });
    const metrics: string = (await program.ask('GET', '/metrics')).body;
    const { frames } = heard;
    const frame = await vi.waitFor(
      () => {
        const last = frames.at(-1);
        const months = last?.accounts.find(({ id }) => id === data.id);
        expect(months?.used).toBe(22 + 5);
        return last;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(sumsOf(metrics, 'gateway_calls_total', 'status')).toEqual(got);
    const bySecond: Record<string, number> = {};
    for (const { statuses } of frames.flatMap(({ points }) => points))
      for (const [status, calls] of Object.entries(statuses))
        bySecond[status] = (bySecond[status] ?? 0) + calls;
    expect(bySecond).toEqual(got);
    expect(frame?.totals.attempts).toBe(standIn.requests.length);
    expect(sumsOf(metrics, 'gateway_attempts_total').all).toBe(standIn.requests.length);
    expect(standIn.requests.length).toBeGreaterThanOrEqual(12 + 7 + 5 + 1);
    expect(frame?.totals.bytesExit).toBe(sumsOf(metrics, 'gateway_exit_bytes_total').all);
    expect(frame?.totals.bytesOut).toBe(sumsOf(metrics, 'gateway_answer_bytes_total').all);
    expect(frame?.exits.left).toBe(sumsOf(metrics, 'gateway_exit_budget_left').all);
    expect(frame?.exits.left).toBe(1_000 - standIn.requests.length);
    expect(frame?.hour.budget).toBe(1_000);
    expect(frame?.traffic.monthCost).toBeCloseTo(((frame?.totals.bytesPaid ?? 0) / 1e9) * 4, 12);
    expect(frame?.accounts[0]).toMatchObject({ name: '<img src=x onerror=alert(1)>', calls: 31 });
    expect(JSON.stringify(frames)).not.toContain(data.key);
  });

  it('a failure leads to its story', async () => {
    const failed = heard.frames.at(-1)?.failures.find(({ code }) => code === 'upstream_not_found');
    const { status, body } = await program.ask('GET', `/v1/calls/${failed?.requestId}`);
    expect([status, body.data.code, body.data.subject]).toEqual([200, 'upstream_not_found', 'acme/nothing']);
  });

  it('who looks does not hold a gateway that is told to stop', async () => {
    const answer = await heard.answered;
    expect(await program.stop()).toBe(0);
    expect(answer.complete).toBe(true);
  });
});
