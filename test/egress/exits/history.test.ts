import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryBudgetStore } from '../../../src/egress/exits/budget-store-memory.ts';
import type { AttemptEnd, Exit, Pool, Reservation } from '../../../src/egress/exits/port.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { type Callers, createCallers, MEETINGS } from './callers.ts';
import {
  answered,
  createRandom,
  createWorld,
  type FakeSource,
  fakeSource,
  HOUR_MS,
  LOCKED,
  REFUSED,
  sent,
  unsent,
} from './world.ts';

const LIMIT = 4;
const CEILING = 14;
const LONGEST_CALL_MS = 20_000;
const IDS = ['direct', 'a', 'b', 'c'];

type Step =
  | {
      readonly do: 'call';
      readonly gateway: number;
      readonly account: number;
      readonly reads: number;
      readonly meets: readonly number[];
    }
  | { readonly do: 'hang up'; readonly gateway: number; readonly which: number }
  | { readonly do: 'reserve'; readonly gateway: number; readonly account: number }
  | { readonly do: 'end'; readonly which: number; readonly how: number; readonly when: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fault'; readonly which: number; readonly how: number }
  | { readonly do: 'list'; readonly gateway: number; readonly from: number; readonly without: number }
  | { readonly do: 'by hand'; readonly gateway: number; readonly which: number; readonly back: boolean };

const small = fc.nat({ max: 9 });
const gateway = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      gateway,
      account: small,
      reads: fc.integer({ min: 1, max: 4 }),
      meets: fc.array(fc.nat({ max: MEETINGS.length - 1 }), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hang up' as const), gateway, which: small }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), gateway, account: small }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(),
      how: small,
      when: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat({ max: 2_000 }), fc.nat({ max: 60_000 }), fc.nat({ max: HOUR_MS + 60_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fault' as const), which: small, how: small }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('list' as const), gateway, from: small, without: small }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('by hand' as const), gateway, which: small, back: fc.boolean() }),
  },
);

const ENDS: readonly AttemptEnd[] = [
  answered(),
  answered(),
  answered(500),
  answered(429, { 'retry-after': '90' }),
  answered(200, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '600' }),
  unsent(REFUSED),
  unsent(LOCKED),
  sent(),
  { kind: 'abandoned', sent: false },
  { kind: 'blocked', headers: {}, latencyMs: 5 },
];
const FAULTS = [null, null, REFUSED, LOCKED];

interface Held {
  readonly pool: Pool;
  readonly reservation: Reservation;
  readonly takenAtMs: number;
}

/** The most of `times` within any 60 minutes. */
function busiestHour(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [i, atMs] of sorted.entries()) {
    while ((sorted[first] as number) <= atMs - HOUR_MS) first += 1;
    most = Math.max(most, i - first + 1);
  }
  return most;
}

/** Two gateways on one store live through `steps`; every promise is looked at on the way and at the end. */
async function live(steps: readonly Step[], seed: number): Promise<void> {
  const clock = createVirtualClock();
  const budgets = createMemoryBudgetStore(clock);
  const sources: FakeSource[] = IDS.map((id) =>
    fakeSource(id, { ejectable: id !== 'direct', credential: id === 'direct' ? null : 'shared' }),
  );
  sources.push(fakeSource('gate', { many: true, credential: 'gate' }));
  const options = { clock, budgets, hourlyBudget: LIMIT, hourlyCeiling: CEILING, sessions: 2 };
  const worlds = [1, 2].map((i) => createWorld(sources, { ...options, random: createRandom(seed + i) }));
  const pools = worlds.map(({ pool }) => pool);
  const held: Held[] = [];
  /** When Bitbucket counted each call: at some moment between its beginning and its end. */
  const arrivals = new Map<string, number[]>();
  const everywhere: number[] = [];

  const arrived = ({ label }: Exit, atMs: number) => {
    arrivals.set(label, [...(arrivals.get(label) ?? []), atMs]);
    everywhere.push(atMs);
  };
  const callers = pools.map((pool, i) =>
    createCallers(pool, clock, createRandom(seed + 10 + i), (exit) => arrived(exit, clock.monotonic())),
  );
  const reserve = async (pool: Pool, account: number) => {
    await clock.pass(0);
    const before = new Map(pool.snapshot().map((exit) => [exit.label, exit]));
    const reservation = await pool
      .reserve({ accountId: `a${account}`, weight: account + 1 }, [])
      .catch(() => null);
    if (reservation === null) return;
    expect(before.get(reservation.exit.label)).toMatchObject({ state: 'healthy' });
    expect(before.get(reservation.exit.label)?.left).toBeGreaterThan(0);
    held.push({ pool, reservation, takenAtMs: clock.monotonic() });
  };
  const end = ({ reservation, takenAtMs }: Held, how: AttemptEnd, when: number) => {
    const counts = how.kind === 'answered' || how.kind === 'blocked' || how.sent;
    if (counts) {
      const atMs = takenAtMs + when * (clock.monotonic() - takenAtMs);
      arrived(reservation.exit, atMs);
    }
    reservation.settle(how);
    reservation.settle(answered());
  };
  /** No attempt outlives its deadline by much. */
  const wait = async (ms: number) => {
    await clock.pass(Math.min(ms, LONGEST_CALL_MS));
    if (ms <= LONGEST_CALL_MS) return;
    for (const each of held.splice(0)) end(each, sent(), 0.9);
    await clock.pass(ms - LONGEST_CALL_MS);
  };
  const act = async (now: Step) => {
    const pool = pools['gateway' in now ? now.gateway : 0] as Pool;
    const asking = callers['gateway' in now ? now.gateway : 0] as Callers;
    if (now.do === 'call') asking.call(`a${now.account}`, now.account + 1, now.reads, now.meets);
    else if (now.do === 'hang up') asking.hangUp(now.which);
    else if (now.do === 'reserve') await reserve(pool, now.account);
    else if (now.do === 'end') {
      const [which] = held.splice(now.which % Math.max(1, held.length), 1);
      if (which !== undefined) end(which, ENDS[now.how] as AttemptEnd, now.when);
    } else if (now.do === 'wait') await wait(now.ms);
    else if (now.do === 'fault') {
      const source = sources[now.which % sources.length];
      if (source !== undefined) source.fault = FAULTS[now.how % FAULTS.length] ?? null;
    } else if (now.do === 'list') {
      const rest = sources.filter((_, i) => i !== now.without);
      pool.replace([...rest.slice(now.from % rest.length), ...rest.slice(0, now.from % rest.length)]);
    } else {
      const { id = '' } = pool.snapshot()[now.which] ?? {};
      if (now.back) pool.bringBack(id);
      else pool.setAside(id);
    }
  };

  for (const each of steps) {
    await act(each);
    for (const [label, times] of arrivals) expect(busiestHour(times), label).toBeLessThanOrEqual(LIMIT);
    expect(busiestHour(everywhere)).toBeLessThanOrEqual(CEILING);
  }
  await clock.pass(30_000);
  for (const each of callers) await each.ended();
  for (const each of held.splice(0)) end(each, ENDS[(each.takenAtMs % 10) | 0] as AttemptEnd, 0.5);
  for (const pool of pools) expect(pool.snapshot().filter(({ inFlight }) => inFlight !== 0)).toEqual([]);
  const nowMs = clock.monotonic();
  for (const pool of pools) await pool.close();
  const counted = await budgets.load([...IDS, 'ceiling']);
  for (const id of IDS) {
    const recent = (arrivals.get(id) ?? []).filter((atMs) => atMs > nowMs - HOUR_MS).length;
    expect(counted.get(id)?.calls, id).toBeGreaterThanOrEqual(recent);
    expect(counted.get(id)?.calls, id).toBeLessThanOrEqual(arrivals.get(id)?.length ?? 0);
  }
  await clock.pass(HOUR_MS + 20_000);
  const later = await budgets.load([...IDS, 'ceiling']);
  for (const { calls } of later.values()) expect(calls).toBe(0);
}

it('whatever happens: no budget above its limit in any 60 minutes, all that was taken settled once, nothing chosen that may not be, no call of more attempts than it has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150, size: 'max' }), fc.nat(), (steps, seed) =>
      live(steps, seed),
    ),
    { numRuns: 100, interruptAfterTimeLimit: 50_000 },
  );
}, 60_000);
