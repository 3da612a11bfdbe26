import { rmSync } from 'node:fs';
import { createKey } from '../../../src/keys/key.ts';
import { openStores, type Stores } from '../../../src/open-stores.ts';
import type { Act, Call, History, Key, Life } from '../history.ts';
import type { Setup } from '../plan.ts';
import { createRandom } from '../random.ts';
import { seedEntropy } from './entropy.ts';
import { createProxies, type ExitTerms, type Proxies } from './exits.ts';
import { type SimulatedGateway, startGateway } from './gateway.ts';
import { createMachine, type Machine } from './machine.ts';
import { createRedisHost, type RedisHost } from './redis-host.ts';
import { newStoreFile } from './store-file.ts';
import { createTime, type Time } from './time.ts';
import { createUpstream, type SimulatedUpstream } from './upstream.ts';

/** A place for a gateway: it goes on where the one before it ended. */
export interface Slot {
  gateway: SimulatedGateway | null;
  machine: Machine;
  /** How far its calendar is ahead, ms. */
  aheadMs: number;
  exits: readonly ExitTerms[];
  life: Life | null;
  isStopping: boolean;
}

/** A world with all that is in it. */
export interface Fleet {
  readonly setup: Setup;
  readonly time: Time;
  /** When all gateways were up and the plan could begin. */
  readonly readyAtMs: number;
  readonly slots: readonly Slot[];
  readonly upstream: SimulatedUpstream;
  readonly proxies: Proxies;
  readonly redis: RedisHost | null;
  readonly operator: Stores;
  readonly calls: Call[];
  readonly acts: Act[];
  readonly keys: Key[];
  readonly offsets: { atMs: number; of: number | 'store'; ms: number }[];
  readonly thrown: string[];
  readonly outputs: string[];
  /** The epoch of the operator's calendar, which nothing changes. */
  operatorNow(): number;
  /** Starts the gateway of a slot; tries again as long as that fails. */
  start(slot: Slot): Promise<void>;
  accountIds(): readonly string[];
  /** Lets all calls end and all gateways stop, and reads what the store says. */
  finish(): Promise<void>;
  close(): Promise<void>;
  history(): History;
}

const LIMIT_MS = 120_000;

export const newKey = (account: number, number: number, text: string): Key => ({
  account,
  number,
  text,
  mayEndAtMs: Number.POSITIVE_INFINITY,
  endsAtMs: Number.POSITIVE_INFINITY,
  isEndedAtOnce: false,
});

export async function createFleet(setup: Setup): Promise<Fleet> {
  seedEntropy(setup.seed);
  const time = createTime();
  const random = createRandom(setup.seed ^ 0xf1ee7);
  const latencyMs = () => setup.storeLatencyMs * (0.5 + random());
  const upstream = createUpstream(time, setup.seed);
  const proxies = createProxies(time, upstream, random);
  const redis = setup.store === 'redis' ? await createRedisHost(time, setup.epochMs, latencyMs) : null;
  const file = redis === null ? await newStoreFile() : null;
  const urlFor = (machine: Machine) => redis?.urlFor(machine) ?? `sqlite:${file}`;
  const desk = createMachine(time, setup.epochMs);
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const operator = await time.passWhile(
    openStores(urlFor(desk), { role: 'tool', clock: desk.clock, log: silent }),
    LIMIT_MS,
  );
  const accountIds: string[] = [];
  const lives: Life[] = [];
  let usage: ReadonlyMap<string, number> = new Map();
  const left: string[] = [];

  const fleet: Fleet = {
    setup,
    time,
    readyAtMs: 0,
    slots: Array.from({ length: setup.gateways }, () => ({
      gateway: null,
      machine: desk,
      aheadMs: 0,
      exits: setup.exits,
      life: null,
      isStopping: false,
    })),
    upstream,
    proxies,
    redis,
    operator,
    calls: [],
    acts: [],
    keys: [],
    offsets: [],
    thrown: [],
    outputs: [],
    operatorNow: () => desk.clock.now(),
    accountIds: () => accountIds,
    start: async (slot) => {
      const machine = createMachine(time, setup.epochMs + slot.aheadMs);
      slot.machine = machine;
      const life: Life = {
        gateway: fleet.slots.indexOf(slot),
        startedAtMs: time.now(),
        endedAtMs: Infinity,
        end: null,
      };
      const gateway = await startGateway({
        ...setup,
        time,
        machine,
        storeUrl: urlFor(machine),
        sources: slot.exits.map((terms) => proxies.sourceOf(terms, machine)),
        random,
        log: (line) => fleet.outputs.push(line),
      }).catch(() => null);
      if (gateway === null) {
        machine.kill();
        await new Promise<void>((resolve) => void time.after(500, resolve));
        return fleet.start(slot);
      }
      lives.push(life);
      slot.life = life;
      slot.isStopping = false;
      slot.gateway = gateway;
    },
    finish: async () => {
      const settled = () =>
        fleet.calls.every(({ end }) => end !== null) && fleet.acts.every(({ isOver }) => isOver);
      const untilMs = time.now() + 3 * LIMIT_MS;
      while (!settled() && time.now() < untilMs) await time.passUntil(time.now() + 500);
      // Store and upstream are well again by now, and there is time to tell what is owed.
      await time.passUntil(time.now() + 3_000);
      for (const slot of fleet.slots) {
        if (slot.gateway === null) continue;
        if (slot.gateway.bytesHeld() > 0) left.push(`${slot.gateway.bytesHeld()} bytes are held for answers`);
        if (slot.gateway.underWay() > 0) left.push(`${slot.gateway.underWay()} calls have a place`);
        await time.passWhile(slot.gateway.stop(), LIMIT_MS);
        slot.machine.kill();
        if (slot.life !== null) Object.assign(slot.life, { endedAtMs: time.now(), end: 'stopped' });
        slot.gateway = null;
      }
      const rows = await time.passWhile(operator.usage.list(), LIMIT_MS);
      usage = new Map(
        rows.map(({ accountId, period, used }) => [`${accountIds.indexOf(accountId)} ${period}`, used]),
      );
    },
    close: async () => {
      for (const { gateway } of fleet.slots) gateway?.kill();
      await time.passWhile(operator.close(), LIMIT_MS).catch(() => {});
      // Libraries keep a timer for a while; ours are gone by now.
      await time.passUntil(time.now() + 10_000);
      if (upstream.open() > 0) left.push(`${upstream.open()} connections to the upstream`);
      if (redis !== null && redis.open() > 0) left.push(`${redis.open()} connections to the store`);
      if (time.pending() > 0) left.push(`${time.pending()} timers`);
      if (file !== null)
        for (const tail of ['', '-wal', '-shm', '.lock', '.lock-journal'])
          rmSync(file + tail, { force: true });
    },
    history: () => ({ ...fleet, usage, left, lives, seen: upstream.seen }),
  };

  await time.passWhile(Promise.all(fleet.slots.map(fleet.start)), LIMIT_MS);
  for (const [account, { plan, callsPerMonth, callsPerSecond }] of setup.accounts.entries()) {
    const key = createKey('live');
    const terms = {
      name: `account-${account}`,
      plan,
      overrides: { callsPerMonth, callsPerSecond },
      expiresAtMs: null,
    };
    const made = await time.passWhile(
      operator.registry.createAccount(terms, key, fleet.operatorNow()),
      LIMIT_MS,
    );
    accountIds.push(made.account.id);
    fleet.keys.push(newKey(account, 0, key.key));
  }
  await time.passUntil(time.now() + 100);
  return Object.assign(fleet, { readyAtMs: time.now() });
}
