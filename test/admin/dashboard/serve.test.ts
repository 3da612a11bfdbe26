import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDashboard, MAX_LISTENERS } from '../../../src/admin/dashboard/dashboard.ts';
import { createDoor } from '../../../src/admin/door.ts';
import { createMetrics } from '../../../src/admin/metrics/metrics.ts';
import { createLogin, SESSION_MS } from '../../../src/admin/session.ts';
import type { Operator } from '../../../src/domain/operator.ts';
import { createTestClock } from '../../gateway.ts';
import { callEnded, exitView, fakeOperator, noTerms, silentLog } from '../fakes.ts';
import { hear as hearDoor } from './hear.ts';

const TOKEN = 'canary-token-of-the-door';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const doors: FastifyInstance[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

async function openDoor({ token = TOKEN as string | null, operator = {} as Partial<Operator> } = {}) {
  const clock = createTestClock();
  const port = fakeOperator(operator);
  const dashboard = createDashboard({ operator: port, terms: noTerms, clock });
  const metrics = createMetrics(port, '1.0.0');
  const door = createDoor({
    operator: port,
    metrics,
    dashboard,
    version: '1.0.0',
    token,
    clock,
    log: silentLog,
  });
  doors.push(door);
  await door.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(door.server.address() as AddressInfo).port}`;
  const ask = (path: string, headers: Record<string, string> = BEARER, method = 'GET') =>
    fetch(url + path, { method, headers, redirect: 'manual' });
  const cookie = () => `gateway-operator=${createLogin(TOKEN, clock.now())}`;
  return { door, url, ask, clock, cookie, dashboard };
}

const hear = (url: string, headers: Readonly<Record<string, string>> = BEARER) => hearDoor(url, headers);

describe('the page', () => {
  it('is for those who were let in: a browser is shown the login instead, still as 401', async () => {
    const { ask } = await openDoor();
    const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const page = await ask('/', browser);
    expect([page.status, page.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<form method="post" action="/login">');
    for (const path of ['/dashboard/app.js', '/dashboard/frames', '/dashboard/nothing', '/v1/accounts']) {
      const answer = await ask(path, browser);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        401,
        'application/json; charset=utf-8',
      ]);
    }
    const wrong = await ask('/', { ...browser, authorization: 'Bearer wrong' });
    expect(wrong.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('is there with a login, under the policy of the door', async () => {
    const { ask, cookie } = await openDoor();
    const page = await ask('/', { cookie: cookie() });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/\s(style|on\w+)="/);
  });

  it('asks for nothing but files of the door, and each is there', async () => {
    const { ask } = await openDoor();
    const wanted = [...(await (await ask('/')).text()).matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, path = '']) => path)
      .filter((path) => !path.startsWith('data:') && path !== 'openapi.json');
    const seen = new Set<string>();
    for (const path of wanted) {
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await ask(`/${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      const text = await answer.text();
      if (!path.endsWith('.js')) continue;
      expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      for (const [, name = ''] of text.matchAll(/^(?:import|export) [^;]*?from ['"]([^'"]+)['"]/gm)) {
        expect(name).toMatch(/^\.\/[\w-]+\.js$/);
        wanted.push(`dashboard/${name.slice(2)}`);
      }
      expect(path.endsWith('/uplot.js') || !/https?:\/\//.test(text)).toBe(true);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['dashboard/app.js', 'dashboard/plot.js', 'dashboard/uplot.js']),
    );
  });

  it('writes text as text alone', async () => {
    const { ask } = await openDoor();
    const app = await (await ask('/dashboard/app.js')).text();
    const names = [...app.matchAll(/from '\.\/([\w-]+\.js)'/g)].map(([, name = '']) => name);
    for (const name of [...names, 'text.js', 'dialogs.js', 'account-dialog.js', 'plot.js'])
      expect(await (await ask(`/dashboard/${name}`)).text()).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/,
      );
  });

  it('comes packed, and is not sent again to who has it', async () => {
    const { ask } = await openDoor();
    const packed = await ask('/dashboard/uplot.js', { ...BEARER, 'accept-encoding': 'br' });
    expect(packed.headers.get('content-encoding')).toBe('br');
    expect(await packed.text()).toContain('uPlot');
    expect(packed.headers.get('cache-control')).toBe('private, no-cache');
    const etag = packed.headers.get('etag') ?? '';
    const again = await ask('/dashboard/uplot.js', { ...BEARER, 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('has no other files', async () => {
    const { ask } = await openDoor();
    for (const path of [
      '/dashboard/assets.ts',
      '/dashboard/..%2Fassets.ts',
      '/dashboard/',
      '/dashboard/constructor',
    ])
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
  });

  it('is not there without ADMIN_TOKEN', async () => {
    const { ask } = await openDoor({ token: null });
    for (const path of ['/', '/dashboard/app.js', '/dashboard/frames'])
      expect((await ask(path)).status).toBe(404);
  });
});

describe('frames', () => {
  it('come as server-sent events, one at once and more each second', async () => {
    const { url, dashboard, cookie } = await openDoor();
    dashboard.telemetry.callEnded(callEnded({ status: 502, code: 'upstream_failed' }));
    const { frames, answered, end } = hear(url, { cookie: cookie() });
    const { headers, statusCode } = await answered;
    expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-store',
    ]);
    await vi.waitFor(() => expect(frames.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
    expect(frames[0]).toMatchObject({
      totals: { statuses: { 502: 1 } },
      exits: { cells: [{ label: 'p1/s-aaaaaaaa' }] },
      failures: [{ code: 'upstream_failed' }],
    });
    end();
  });

  it('a name that is markup comes as the text it is', async () => {
    const name = '<img src=x onerror=alert(1)>';
    const { url } = await openDoor({
      operator: { exits: { ...fakeOperator().exits, list: () => [exitView({ label: name })] } },
    });
    const { frames, answered, end } = hear(url);
    expect((await answered).headers['x-content-type-options']).toBe('nosniff');
    await vi.waitFor(() => expect(frames).not.toHaveLength(0));
    expect(frames[0]?.exits.cells[0]?.label).toBe(name);
    end();
  });

  it('end with the login', async () => {
    const { url, clock, cookie } = await openDoor();
    const { answered } = hear(url, { cookie: cookie() });
    const answer = await answered;
    clock.pass(SESSION_MS + 1);
    await once(answer, 'end', { signal: AbortSignal.timeout(10_000) });
  });

  it('end when the door closes, which they do not hold', async () => {
    const { door, url } = await openDoor();
    const answers = await Promise.all([hear(url), hear(url)].map(({ answered }) => answered));
    const ends = answers.map((answer) => once(answer, 'close', { signal: AbortSignal.timeout(10_000) }));
    await door.close();
    await Promise.all(ends);
    expect(answers.map(({ complete }) => complete)).toEqual([true, true]);
  });

  it('a reader who goes makes room for another: sixteen at most', async () => {
    const { url, ask } = await openDoor();
    const readers = Array.from({ length: MAX_LISTENERS }, () => hear(url));
    await Promise.all(readers.map(({ answered }) => answered));
    const refused = await ask('/dashboard/frames');
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 10]);
    await refused.text();
    readers[0]?.end();
    await vi.waitFor(
      async () => {
        const { answered, end } = hear(url);
        const { statusCode } = await answered;
        end();
        expect(statusCode).toBe(200);
      },
      { timeout: 10_000 },
    );
    for (const { end } of readers) end();
  });

  it('are not begun by HEAD', async () => {
    const { ask, dashboard } = await openDoor();
    const listen = vi.spyOn(dashboard, 'listen');
    expect((await ask('/dashboard/frames', BEARER, 'HEAD')).status).toBe(404);
    expect(listen).not.toHaveBeenCalled();
  });
});

describe('what the page changes', () => {
  it('is changed by the page alone: another origin’s request with the cookie is refused', async () => {
    const set: string[] = [];
    const exits = {
      ...fakeOperator().exits,
      setAside: (id: string) => {
        set.push(id);
        return true;
      },
    };
    const { ask, url, cookie } = await openDoor({ operator: { exits } });
    const change = async (headers: Record<string, string>) =>
      (await ask('/v1/exits/p1-s-aaaaaaaa/set-aside', { cookie: cookie(), ...headers }, 'POST')).status;
    for (const origin of ['https://evil.example', 'null', url.replace('http:', 'file:')])
      expect([origin, await change({ origin })]).toEqual([origin, 403]);
    expect(await change({})).toBe(403);
    expect(set).toEqual([]);
    expect(await change({ origin: url })).toBe(200);
    expect(set).toEqual(['p1-s-aaaaaaaa']);
  });
});
