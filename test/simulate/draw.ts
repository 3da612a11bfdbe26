import { PLAN_NAMES, PLANS } from '../../src/domain/plan.ts';
import { drawAimed } from './draw-aimed.ts';
import type { AccountTerms, Event, Plan, Setup, Wish } from './plan.ts';
import { createDice, createRandom, type Dice } from './random.ts';
import { EXIT_STATES, type ExitTerms } from './world/exits.ts';
import { WEATHERS } from './world/upstream.ts';

const MAX_CALLS = 500;
const HOUR_MS = 3_600_000;
const FATES: readonly Wish[] = ['private', 'missing', 'closed', 'gone', 'refused'];

/** The plan of a seed: what the world is, and everything that will happen to it. */
export function drawPlan(seed: number): Plan {
  const dice = createDice(createRandom(seed));
  const setup = drawSetup(seed, dice);
  const lengthMs = dice.whole(5_000, 120_000);
  const acts = dice.chance(0.12) ? 2 : 1;
  const events: Event[] = [];
  // A second act an hour later: what was an hour old by then is forgotten, what was not is not.
  for (let act = 0; act < acts; act += 1) {
    const startMs = act === 0 ? 0 : HOUR_MS - dice.whole(0, Math.round(1.5 * lengthMs));
    const drawn = [
      ...drawCalls(setup, dice, Math.ceil(drawCount(dice) / acts), lengthMs),
      ...drawTroubles(setup, dice, lengthMs),
    ];
    events.push(...drawn.map((event) => ({ ...event, atMs: event.atMs + startMs })));
  }
  events.push(...drawAimed(setup, events, lengthMs));
  events.sort((a, b) => a.atMs - b.atMs);
  let n = 0;
  return {
    setup,
    events: events.map((event) => {
      if (event.do !== 'call') return event;
      n += 1;
      return { ...event, n };
    }),
  };
}

/** Short histories are quicker to live through, long ones see what piles up. */
const drawCount = (dice: Dice) => (dice.chance(0.1) ? dice.whole(120, MAX_CALLS) : dice.whole(10, 120));

function drawSetup(seed: number, dice: Dice): Setup {
  const store = dice.chance(0.6) ? 'redis' : 'sqlite';
  const hourlyBudget = dice.one([3, 10, 60, 60, 1_000]);
  return {
    seed,
    store,
    gateways: store === 'redis' ? dice.whole(1, 3) : 1,
    deadlineMs: dice.one([3_000, 8_000, 15_000]),
    maxBytesInFlight: dice.one([1_000_000, 128_000_000]),
    hourlyBudget,
    hourlyCeiling: dice.chance(0.15) ? dice.whole(5, 150) : null,
    exits: drawExits(dice),
    accounts: Array.from({ length: dice.whole(1, 6) }, () => drawAccount(dice)),
    epochMs: drawEpoch(dice),
    storeLatencyMs: dice.one([0.2, 1, 4]),
  };
}

/** Some runs stand at the edge of a month. */
const drawEpoch = (dice: Dice) =>
  dice.chance(0.3)
    ? Date.UTC(2026, dice.whole(0, 11), 1) - dice.whole(0, 60_000)
    : Date.UTC(2026, dice.whole(0, 11), dice.whole(2, 27), dice.whole(0, 23));

function drawAccount(dice: Dice): AccountTerms {
  const plan = dice.one(PLAN_NAMES);
  const { callsPerMonth, callsPerSecond } = PLANS[plan];
  // Months that a run can use up.
  return { plan, callsPerSecond, callsPerMonth: dice.chance(0.5) ? dice.whole(1, 120) : callsPerMonth };
}

function drawExits(dice: Dice): ExitTerms[] {
  const count = dice.one([1, 2, 4, 8, 16, 30]);
  return Array.from({ length: count }, (_, i) => ({
    id: `exit-${i}`,
    kind: dice.chance(0.75) ? 'fixed' : dice.one(['sessions', 'rotating'] as const),
    credential: dice.chance(0.5) ? dice.one(['a', 'b']) : null,
    latencyMs: dice.whole(5, 60),
  }));
}

/** Calls come in bursts as well as alone. */
function drawCalls(setup: Setup, dice: Dice, count: number, lengthMs: number): Event[] {
  const calls: Event[] = [];
  const one = (atMs: number, account: number): Event => ({
    atMs,
    do: 'call',
    n: 0,
    gateway: dice.whole(0, setup.gateways - 1),
    account,
    key: dice.chance(0.93) ? 'newest' : dice.one(['old', 'unknown']),
    wish: dice.chance(0.75)
      ? dice.one(['repo', 'branches'])
      : dice.one([...FATES, 'meta', 'invalid', 'nowhere']),
    readMs: dice.chance(0.9) ? dice.whole(0, 50) : dice.long(2_000),
    patienceMs: dice.chance(0.92) ? null : dice.long(300),
  });
  while (calls.length < count) {
    const account = dice.whole(0, setup.accounts.length - 1);
    const atMs = dice.whole(0, lengthMs);
    const perSecond = setup.accounts[account]?.callsPerSecond ?? 1;
    const size = dice.chance(0.3) ? dice.whole(1, Math.min(3 * perSecond, 120)) : 1;
    const overMs = dice.one([0, 3, 400, 1_500]);
    for (let i = 0; i < size && calls.length < count; i += 1)
      calls.push(one(atMs + dice.whole(0, overMs), account));
  }
  return calls;
}

/** A third of the runs is calm; the others have a few kinds of trouble, each several times. */
function drawTroubles(setup: Setup, dice: Dice, lengthMs: number): Event[] {
  if (dice.chance(0.3)) return [];
  const kinds = KINDS.filter(() => dice.chance(0.3));
  return kinds.flatMap((kind) =>
    Array.from({ length: dice.whole(1, 4) }, () => kind(setup, dice, dice.whole(0, lengthMs)) ?? []).flat(),
  );
}

type Kind = (setup: Setup, dice: Dice, atMs: number) => Event | null;

const onRedis =
  (kind: Kind): Kind =>
  (setup, dice, atMs) =>
    setup.store === 'redis' ? kind(setup, dice, atMs) : null;
const gatewayOf = ({ gateways }: Setup, dice: Dice) => dice.whole(0, gateways - 1);
const accountOf = ({ accounts }: Setup, dice: Dice) => dice.whole(0, accounts.length - 1);

const weather: Kind = (_setup, dice, atMs) => ({
  atMs,
  do: 'weather',
  weather: {
    kind: dice.one(WEATHERS),
    share: dice.one([0.1, 0.5, 1]),
    addresses: dice.chance(0.5) ? null : { nth: 0, of: dice.whole(1, 4) },
  },
  forMs: dice.long(6_000),
});
const exit: Kind = ({ exits }, dice, atMs) => ({
  atMs,
  do: 'exit',
  exit: dice.one(exits).id,
  state: dice.one(EXIT_STATES),
  forMs: dice.long(8_000),
});

const KINDS: readonly Kind[] = [
  weather,
  weather,
  exit,
  exit,
  (setup, dice, atMs) => {
    const exits = setup.exits.flatMap((_, i) => (dice.chance(0.7) ? [i] : []));
    return { atMs, do: 'reload', exits: exits.length > 0 ? exits : [0], gateway: gatewayOf(setup, dice) };
  },
  (setup, dice, atMs) => ({ atMs, do: 'stall', gateway: gatewayOf(setup, dice), ms: dice.long(150) }),
  (setup, dice, atMs) => ({
    atMs,
    do: 'jump',
    gateway: setup.store === 'redis' && dice.chance(0.5) ? 'store' : gatewayOf(setup, dice),
    ms: dice.one([-1, 1]) * dice.one([200, 3_000, 60_000, HOUR_MS]),
  }),
  onRedis((_setup, dice, atMs) => ({ atMs, do: 'hang', ms: dice.long(400) })),
  onRedis((_setup, dice, atMs) => ({ atMs, do: 'failover', lostMs: dice.long(100), awayMs: dice.long(500) })),
  onRedis((_setup, dice, atMs) => ({ atMs, do: 'demote', ms: dice.long(600) })),
  (setup, dice, atMs) =>
    setup.store === 'sqlite'
      ? { atMs, do: 'full', ms: dice.long(3_000), how: dice.one(['no pages', 'read-only']) }
      : null,
  (setup, dice, atMs) => ({
    atMs,
    do: dice.one(['stop', 'kill']),
    gateway: gatewayOf(setup, dice),
    // A start takes its time; on SQLite the second of the process before is forgotten.
    backMs: 1_000 + dice.long(800),
  }),
  (setup, dice, atMs) => ({
    atMs,
    do: 'rotate',
    account: accountOf(setup, dice),
    overlapMs: dice.one([0, 2_000, 30_000]),
  }),
  (setup, dice, atMs) => ({ atMs, do: 'revoke', account: accountOf(setup, dice) }),
  (setup, dice, atMs) => ({ atMs, do: 'suspend', account: accountOf(setup, dice), forMs: dice.long(3_000) }),
];
