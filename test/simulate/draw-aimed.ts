import type { CallEvent, Event, Setup } from './plan.ts';
import { createDice, createRandom, type Dice } from './random.ts';
import { WEATHERS } from './world/upstream.ts';

const HOUR_MS = 3_600_000;

/**
 * Troubles that meet by chance too seldom: aimed at calls, or at each other. Each kind has dice of its own, so that the
 * rest of a plan stays what it was when one is added.
 */
export function drawAimed(setup: Setup, events: readonly Event[], lengthMs: number): Event[] {
  const calls = events.filter((event) => event.do === 'call');
  return AIMED.flatMap(({ salt, chance, draw }) => {
    const dice = createDice(createRandom(setup.seed ^ salt));
    return dice.chance(chance) ? draw(setup, dice, { calls, lengthMs }) : [];
  });
}

interface Aim {
  /** There is at least one. */
  readonly calls: readonly CallEventAt[];
  readonly lengthMs: number;
}

type CallEventAt = Extract<Event, { do: 'call' }>;
type Draw = (setup: Setup, dice: Dice, aim: Aim) => Event[];

const some = (dice: Dice, most: number, one: () => Event): Event[] =>
  Array.from({ length: dice.whole(1, most) }, one);

/** The store does what it is told while a call waits for it, and says so too late. */
const mutes: Draw = ({ store }, dice, { calls }) =>
  store === 'redis'
    ? some(dice, 4, () => ({
        atMs: Math.max(0, dice.one(calls).atMs + dice.whole(-3, 12)),
        do: 'mute',
        ms: dice.whole(60, 600),
      }))
    : [];

/** A key is revoked while its gateway's calendar is behind, and is asked with again. */
const setBack: Draw = ({ gateways, accounts }, dice, { lengthMs }) => {
  const [atMs, gateway] = [dice.whole(0, lengthMs), dice.whole(0, gateways - 1)];
  const account = dice.whole(0, accounts.length - 1);
  return [
    { atMs, do: 'jump', gateway, ms: dice.one([-10_000, -HOUR_MS]) },
    { atMs: atMs + 50, do: 'revoke', account },
    ...[1_500, 3_000, 6_000].map((laterMs) =>
      callOf(dice, { atMs: atMs + laterMs, gateway, account, key: 'old' }),
    ),
  ];
};

/** Something is wrong with the upstream just while a call is on its way there. */
const gusts: Draw = (_setup, dice, { calls }) =>
  some(dice, 4, () => ({
    atMs: dice.one(calls).atMs,
    do: 'weather',
    weather: { kind: dice.one(WEATHERS), share: dice.one([0.3, 1]), addresses: null },
    forMs: dice.whole(100, 800),
  }));

/** The upstream fails, so that much is given back, and then the gateway is killed. */
const crash: Draw = ({ gateways, accounts }, dice, { lengthMs }) => {
  const [atMs, gateway] = [dice.whole(0, lengthMs), dice.whole(0, gateways - 1)];
  const account = dice.whole(0, accounts.length - 1);
  return [
    { atMs, do: 'weather', weather: { kind: 'failing', share: 1, addresses: null }, forMs: 4_000 },
    ...Array.from({ length: dice.whole(2, 12) }, () =>
      callOf(dice, { atMs: atMs + dice.whole(1, 2_500), gateway, account, key: 'newest' }),
    ),
    { atMs: atMs + 4_000 + dice.whole(0, 2_000), do: 'kill', gateway, backMs: 1_000 + dice.long(800) },
  ];
};

/** The store is slow, and the loop stands still for most of that: nobody has waited for it for long. */
const stutter: Draw = ({ store }, dice, { calls }) => {
  if (store !== 'redis') return [];
  return Array.from({ length: dice.whole(1, 4) }, () => dice.one(calls)).flatMap(
    ({ atMs, gateway }): Event[] => {
      const [fromMs, stalledMs] = [atMs + dice.whole(0, 6), dice.whole(60, 120)];
      return [
        { atMs: fromMs, do: 'hang', ms: stalledMs + 20 },
        { atMs: fromMs + 10, do: 'stall', gateway, ms: stalledMs },
      ];
    },
  );
};

/** The few exits there are have died when calls want them, and are well again when, after a long silence, somebody calls. */
const silence: Draw = ({ gateways, accounts, exits }, dice, { lengthMs }) => {
  if (exits.length > 4) return [];
  const [gateway, account] = [dice.whole(0, gateways - 1), dice.whole(0, accounts.length - 1)];
  const state = dice.one(['refuses', 'credentials', 'error'] as const);
  const at = (laterMs: number) => callOf(dice, { atMs: lengthMs + laterMs, gateway, account, key: 'newest' });
  return [
    ...exits.map(({ id }): Event => ({ atMs: lengthMs, do: 'exit', exit: id, state, forMs: 3_000 })),
    ...[1, 1_100, 2_200].map(at),
    at(90_000),
  ];
};

/** An account is quiet for an hour, at the end of which the store is away for a while; then it calls again. */
const quietHour: Draw = ({ store, gateways, accounts }, dice, { lengthMs }) => {
  if (store !== 'redis' || accounts.length < 2) return [];
  const gateway = dice.whole(0, gateways - 1);
  const at = (laterMs: number, account: number) =>
    callOf(dice, { atMs: lengthMs + laterMs, gateway, account, key: 'newest' });
  return [
    ...[1, 700, 1_400].map((ms) => at(ms, 0)),
    ...[2_000, HOUR_MS / 2].map((ms) => at(ms, 1)),
    { atMs: lengthMs + HOUR_MS + 5_000, do: 'demote', ms: 400 },
    at(HOUR_MS + 5_100, 1),
    ...[12_000, 13_000, 14_000].map((ms) => at(HOUR_MS + ms, 0)),
  ];
};

/** A store that hangs while an account that is known asks for more than its grant. */
const outage: Draw = ({ store, gateways, accounts }, dice, { lengthMs }) => {
  if (store !== 'redis') return [];
  const [atMs, gateway] = [dice.whole(0, lengthMs), dice.whole(0, gateways - 1)];
  const account = dice.whole(0, accounts.length - 1);
  const at = (laterMs: number) => callOf(dice, { atMs: atMs + laterMs, gateway, account, key: 'newest' });
  return [at(0), { atMs: atMs + 1_500, do: 'hang', ms: 2_000 }, ...[1_700, 2_000, 2_750, 3_000].map(at)];
};

const AIMED: readonly { readonly salt: number; readonly chance: number; readonly draw: Draw }[] = [
  { salt: 0x3ea7, chance: 0.25, draw: mutes },
  { salt: 0x5e7b, chance: 0.06, draw: setBack },
  { salt: 0x6057, chance: 0.15, draw: gusts },
  { salt: 0xc4a5, chance: 0.08, draw: crash },
  { salt: 0x5707, chance: 0.1, draw: stutter },
  { salt: 0x51e7, chance: 0.4, draw: silence },
  { salt: 0x9a17, chance: 0.08, draw: quietHour },
  { salt: 0x0a7a, chance: 0.06, draw: outage },
];

const callOf = (
  dice: Dice,
  call: Pick<CallEvent, 'gateway' | 'account' | 'key'> & { readonly atMs: number },
): Event => ({ ...call, do: 'call', n: 0, wish: 'repo', readMs: dice.whole(0, 50), patienceMs: null });
