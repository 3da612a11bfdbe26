import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMemoryBudgetStore } from '../../../src/egress/exits/budget-store-memory.ts';
import { Rolling } from '../../../src/egress/exits/rolling.ts';
import { type ConnectProxy, createConnectProxy, type ProxyOptions } from '../../bitbucket/connect-proxy.ts';
import { exitsOf } from '../../exits.ts';
import { createGateway, type Gateway } from '../../gateway.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { answered, createWorld, fakeSource } from './world.ts';

const REPO = '/v1/repo?repo=acme/big';
const proxies: ConnectProxy[] = [];
const gateways: Gateway[] = [];

async function proxy(options?: ProxyOptions): Promise<ConnectProxy> {
  const created = await createConnectProxy(options);
  proxies.push(created);
  return created;
}

async function through(list: string, egress: Parameters<typeof createGateway>[0] = {}): Promise<Gateway> {
  const gateway = await createGateway({ ...egress, egress: { sources: exitsOf(list), ...egress.egress } });
  gateways.push(gateway);
  return gateway;
}

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  for (const created of proxies.splice(0)) await created.close();
});

describe('from outside', () => {
  it('twelve spent exits beside four dead ones: 503 with Retry-After, at once, without an upstream call', async () => {
    const good = await Promise.all(Array.from({ length: 12 }, () => proxy()));
    const dead = await Promise.all(Array.from({ length: 4 }, () => proxy()));
    for (const each of dead) await each.close();
    const list = [...good, ...dead].map(({ url }) => url).join(' ');
    const gateway = await through(list, { egress: { hourlyBudget: 1 } });
    await gateway.upstream.ready();
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await gateway.get(REPO)).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const requests = gateway.standIn.requests.length;
    const connects = () => good.reduce((sum, each) => sum + each.connects, 0);
    const tunnels = connects();
    gateway.clock.pass(600_000);
    const times: number[] = [];
    for (let i = 0; i < 25; i += 1) {
      const startedAtMs = performance.now();
      const { status, headers, body } = await gateway.get(REPO);
      times.push(performance.now() - startedAtMs);
      expect([status, body.meta.code]).toEqual([503, 'exits_exhausted']);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(3_000);
    }
    expect([gateway.standIn.requests.length, connects()]).toEqual([requests, tunnels]);
    expect(times.sort((a, b) => a - b)[12]).toBeLessThan(50);
  });

  it('refused CONNECTs cost nothing, neither here nor in the store nor after a restart', async () => {
    const bad = await proxy({ fault: { status: 502 } });
    const gateway = await through(bad.url, { deadlineMs: 2_000 });
    for (let i = 0; i < 10; i += 1) {
      await gateway.get(REPO);
      gateway.upstream.bringBack(gateway.upstream.snapshot()[0]?.id ?? '');
    }
    expect(bad.connects).toBeGreaterThanOrEqual(10);
    const [{ id = '', left = 0 } = {}] = gateway.upstream.snapshot();
    expect(left).toBe(1_000_000);
    await gateway.upstream.close();
    expect((await gateway.stores.budgets.load([id])).get(id)?.calls).toBe(0);
  });

  it('a new password works on the next call, and keeps the budget', async () => {
    const gate = await proxy({ credentials: 'user:right' });
    const list = (password: string) => `http://user:${password}@127.0.0.1:${gate.port}`;
    const gateway = await through(list('wrong'), { egress: { hourlyBudget: 60 } });
    expect((await gateway.get(REPO)).status).not.toBe(200);
    gateway.upstream.replaceExits(exitsOf(list('right')));
    expect((await gateway.get(REPO)).status).toBe(200);
    expect(gateway.upstream.snapshot().map(({ left }) => left)).toEqual([59]);
    gateway.upstream.replaceExits(exitsOf(list('right')));
    expect(gateway.upstream.snapshot().map(({ left }) => left)).toEqual([59]);
  });

  it('closing ends the tunnels of exits that are gone from the list, too', async () => {
    const [slow, other] = [await proxy({ delayMs: 300 }), await proxy()];
    const gateway = await through(slow.url);
    const call = gateway.get(REPO);
    while (slow.connects === 0) await new Promise((done) => setTimeout(done, 5));
    gateway.upstream.replaceExits(exitsOf(other.url));
    await gateway.upstream.close();
    expect((await call).status).toBeGreaterThanOrEqual(200);
    await expect.poll(() => slow.open()).toBe(0);
  });
});

describe('with ten thousand exits', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => fakeSource(`exit-${i}`));

  /** CPU of this process, ms: a busy machine does not stretch it. */
  const cpuMs = (work: () => void) => {
    const { user, system } = process.cpuUsage();
    work();
    const after = process.cpuUsage();
    return (after.user + after.system - user - system) / 1_000;
  };

  it('another list takes less than 50 ms', () => {
    const { pool } = createWorld(many(10_000));
    const times: number[] = [];
    for (let i = 0; i < 12 && !times.some((ms) => ms < 50); i += 1) {
      const list = [...many(10_000 - i), fakeSource(`new-${i}`)].reverse();
      times.push(cpuMs(() => pool.replace(list)));
      expect(pool.snapshot()).toHaveLength(10_001 - i);
    }
    expect(Math.min(...times)).toBeLessThan(50);
  });

  it('a choice looks at as many budgets as with ten', async () => {
    const looksOf = async (count: number) => {
      const budgets = createMemoryBudgetStore(createVirtualClock());
      const { reserve } = createWorld(many(count), { budgets });
      for (let i = 0; i < 50; i += 1) (await reserve()).settle(answered());
      let looks = 0;
      const { total } = Rolling.prototype;
      const spy = vi.spyOn(Rolling.prototype, 'total').mockImplementation(function (this: Rolling, nowMs) {
        looks += 1;
        return total.call(this, nowMs);
      });
      for (let i = 0; i < 100; i += 1) (await reserve()).settle(answered());
      spy.mockRestore();
      return looks;
    };
    const [ten, many10k] = [await looksOf(10), await looksOf(10_000)];
    expect(many10k).toBeLessThan(ten * 2);
    expect(many10k).toBeGreaterThan(100);
  });
});
