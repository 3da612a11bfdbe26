import type { Call, End, History } from '../history.ts';

export type Answered = Extract<End, { how: 'answered' }>;
export type AnsweredCall = Call & { readonly end: Answered };

/** The table of codes as the contract has it: status, and whether a call that ends so costs one of the month. */
export const CODES: Readonly<Record<string, { readonly status: number; readonly costs: boolean }>> = {
  invalid_request: { status: 400, costs: false },
  not_a_directory: { status: 400, costs: true },
  upstream_rejected: { status: 400, costs: true },
  key_missing: { status: 401, costs: false },
  key_invalid: { status: 401, costs: false },
  subscription_inactive: { status: 402, costs: false },
  upstream_forbidden: { status: 403, costs: true },
  upstream_not_found: { status: 404, costs: true },
  route_not_found: { status: 404, costs: false },
  upstream_gone: { status: 410, costs: true },
  rate_exceeded: { status: 429, costs: false },
  quota_exhausted: { status: 429, costs: false },
  upstream_failed: { status: 502, costs: false },
  exits_exhausted: { status: 503, costs: false },
  store_unavailable: { status: 503, costs: false },
  overloaded: { status: 503, costs: false },
  draining: { status: 503, costs: false },
  upstream_timeout: { status: 504, costs: false },
};

/** Codes that a call can only end with after it was admitted, beside success. */
const AFTER_ADMISSION: ReadonlySet<string> = new Set([
  ...['not_a_directory', 'upstream_rejected', 'upstream_forbidden', 'upstream_not_found', 'upstream_gone'],
  ...['upstream_failed', 'exits_exhausted', 'upstream_timeout'],
]);

/** So many calls a gateway serves uncounted while the shared store is away: 0.2 % of the month, 1 to 100. */
export const grantOf = (callsPerMonth: number) =>
  Math.min(100, Math.max(1, Math.floor(callsPerMonth * 0.002)));

export const isAnswered = (call: Call): call is AnsweredCall => call.end?.how === 'answered';

/** Whether it was surely admitted. */
export const isAdmitted = ({ end }: AnsweredCall) => end.code === null || AFTER_ADMISSION.has(end.code);
/** Whether it cost its account one call. */
export const isCharged = ({ end }: AnsweredCall) => end.code === null || (CODES[end.code]?.costs ?? false);
/** Whether nobody but the gateway knows if it was admitted. */
export const isUncertain = ({ end }: Call) => end?.how === 'hung up' || end?.how === 'cut';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const touches = (span: Span, fromMs: number, toMs: number) =>
  span.fromMs <= toMs && span.toMs >= fromMs;
export const overlapMs = ({ fromMs, toMs }: Span, sinceMs: number, untilMs: number) =>
  Math.max(0, Math.min(toMs, untilMs) - Math.max(fromMs, sinceMs));
export const isIn = (spans: readonly Span[], fromMs: number, toMs: number) =>
  spans.some((span) => touches(span, fromMs, toMs));

/** For a gateway to notice that the store is back, and a new connection to be made. */
const RECOVERY_MS = 4_000;

/** When the shared store, or the file, could not be used; until everybody has noticed that it can. */
export const storeTroubles = ({ acts }: History): Span[] =>
  acts.flatMap(({ event, beganAtMs }): Span[] => {
    const until = (ms: number) => [{ fromMs: beganAtMs, toMs: beganAtMs + ms + RECOVERY_MS }];
    if (event.do === 'hang' || event.do === 'mute' || event.do === 'demote' || event.do === 'full')
      return until(event.ms);
    return event.do === 'failover' ? until(event.lostMs + event.awayMs) : [];
  });

/** When the way to the upstream, or the upstream itself, was not well; until nothing that met it is under way. */
export const upstreamTroubles = (history: History): Span[] =>
  upstreamTroublesUntil(history, () => history.setup.deadlineMs + READ_ON_MS);

/** When exits may be out of service, or spent, behind such a trouble. */
export const exitTroubles = (history: History): Span[] =>
  upstreamTroublesUntil(history, (kind) =>
    kind.startsWith('spent') && wasSetBack(history) ? HOUR_MS : (RESTS_MS[kind] ?? EJECTED_MS),
  );

/** A rest ends by the calendar of who keeps it: one set back keeps it on, for an hour at most. */
const wasSetBack = ({ offsets, setup }: History) =>
  offsets.some(({ of, ms }) => ms < 0 && (of === 'store') === (setup.store === 'redis'));

const upstreamTroublesUntil = ({ acts }: History, aftermathMs: (kind: string) => number): Span[] =>
  acts.flatMap(({ event, beganAtMs }): Span[] => {
    if (event.do !== 'weather' && event.do !== 'exit') return [];
    const kind = event.do === 'weather' ? event.weather.kind : event.state;
    return [{ fromMs: beganAtMs, toMs: beganAtMs + event.forMs + aftermathMs(kind) }];
  });

/** So long a request that nobody waits for holds its connection. */
const READ_ON_MS = 6_000;
/** The longest that an exit is left alone before it is tried again, and that a try takes. */
const EJECTED_MS = 64_000 + 6_000;
const HOUR_MS = 3_600_000;
/** Where it is longer: by what the upstream says, or because its edge blocks for longer. */
const RESTS_MS: Readonly<Record<string, number>> = {
  'spent for ages': HOUR_MS,
  'edge page': 1.1 * HOUR_MS,
  'edge refusal': 1.1 * HOUR_MS,
  'page for data': 1.1 * HOUR_MS,
};

export const stalls = ({ acts }: History, gateway: number): Span[] =>
  acts.flatMap(({ event, beganAtMs }): Span[] =>
    event.do === 'stall' && event.gateway === gateway
      ? [{ fromMs: beganAtMs, toMs: beganAtMs + event.ms }]
      : [],
  );

/**
 * When a call was admitted, ms since the run began, by what its answer says: the store's clock where it is shared,
 * else the gateway's. Null where that cannot be, whichever of the settings of that clock is believed.
 */
export function admittedAtMs(
  { setup, offsets }: History,
  call: AnsweredCall,
): number | 'one of several' | null {
  const of = setup.store === 'redis' ? 'store' : call.gateway;
  let ahead = { ms: 0, fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  const settings = [ahead];
  for (const { of: whose, atMs, ms } of offsets) {
    if (whose !== of) continue;
    ahead.toMs = atMs;
    ahead = { ms: ahead.ms + ms, fromMs: atMs, toMs: Number.POSITIVE_INFINITY };
    settings.push(ahead);
  }
  const [fromMs, toMs] = [call.askedAtMs - SLACK_MS, call.end.atMs + SLACK_MS];
  const fits = settings
    .filter((setting) => touches(setting, fromMs, toMs))
    .map(({ ms }) => call.end.timestampMs - setup.epochMs - ms)
    .filter((atMs) => atMs >= fromMs && atMs <= toMs);
  if (fits.length > 1) return 'one of several';
  return fits[0] ?? null;
}

/** A store's clock is known to the nearest journey. */
const SLACK_MS = 30;
