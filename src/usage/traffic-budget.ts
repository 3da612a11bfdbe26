import { type Clock, repeat } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Log } from '../domain/log.ts';
import { isPaid, type Telemetry } from '../domain/telemetry.ts';
import type { Upstream } from '../domain/upstream.ts';
import type { UsageRow } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';

const GB = 1e9;
/** How often what other gateways sent is looked at, ms: where there is a limit, and for the figures alone. */
const LOOK_EVERY_MS = { limited: 1_000, free: 60_000 };
const NEAR = 0.8;
/** A month may end late, and its operator may buy more before. */
const LONGEST_WAIT_MS = 3_600_000;

/** How far a month's traffic is. */
export type Traffic = 'within' | 'near' | 'used up';

/** `near` from four fifths of the limit on, `used up` at all of it. */
export function trafficOf(bytes: number, limitBytes: number): Traffic {
  if (bytes >= limitBytes) return 'used up';
  return bytes >= limitBytes * NEAR ? 'near' : 'within';
}

export interface TrafficBudgetOptions {
  /** `EGRESS_GB_PER_MONTH`; null for no limit. */
  readonly limitGb: number | null;
  /** What all gateways sent through paid exits in a month, this one's to the last request. */
  read(month: string): Promise<readonly UsageRow[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What exits may carry in a month, over all gateways that share a store and over restarts. */
export interface TrafficBudget {
  /** Listens to requests through exits. */
  readonly telemetry: Pick<Telemetry, 'attemptEnded'>;
  /** Bytes of the month through paid exits, as far as they are known. */
  monthBytes(): number;
  /** `upstream`, which is asked nothing more once the month's traffic is used up: `exits_exhausted` then. */
  bound<Bounded extends Upstream>(upstream: Bounded): Bounded;
  /** Knows what was sent before this start; never rejects. */
  ready(): Promise<void>;
  close(): void;
}

export function createTrafficBudget({ limitGb, read, clock, log }: TrafficBudgetOptions): TrafficBudget {
  const limitBytes = limitGb === null ? Number.POSITIVE_INFINITY : limitGb * GB;
  const known = { month: '', bytes: 0, told: 'within' as Traffic };

  const enter = (month: string) => {
    if (known.month !== month) Object.assign(known, { month, bytes: 0, told: 'within' });
  };
  const tell = () => {
    const traffic = trafficOf(known.bytes, limitBytes);
    if (traffic === known.told) return;
    known.told = traffic;
    const figures = { month: known.month, gb: round(known.bytes / GB), limit_gb: limitGb };
    if (traffic === 'near') log.warn(figures, 'four fifths of the month’s traffic through exits are used');
    if (traffic === 'used up')
      log.error(figures, 'the month’s traffic through exits is used up: no call leaves');
  };
  const look = async () => {
    const month = monthOf(clock.now());
    try {
      const rows = await read(month);
      enter(month);
      known.bytes = rows.reduce((sum, { bytesExit }) => sum + bytesExit, 0);
      tell();
    } catch (error) {
      log.debug({ err: error }, 'the month’s traffic is looked at later');
    }
  };
  const stop = repeat(clock, limitGb === null ? LOOK_EVERY_MS.free : LOOK_EVERY_MS.limited, look);

  return {
    telemetry: {
      attemptEnded: (attempt) => {
        if (!isPaid(attempt)) return;
        enter(monthOf(clock.now()));
        known.bytes += attempt.bytesUp + attempt.bytesDown;
        tell();
      },
    },
    monthBytes: () => (known.month === monthOf(clock.now()) ? known.bytes : 0),
    bound: (upstream) => ({
      ...upstream,
      get: (request, call) => {
        if (known.bytes < limitBytes) return upstream.get(request, call);
        const nowMs = clock.now();
        if (known.month !== monthOf(nowMs)) return upstream.get(request, call);
        return Promise.reject(usedUp(nowMs));
      },
    }),
    ready: look,
    close: stop,
  };
}

function usedUp(nowMs: number): Failure {
  const endMs = Date.parse(monthOf(nowMs, -1));
  return new Failure(
    'exits_exhausted',
    'What this gateway may send through its exits this month is used up.',
    { retryAfterMs: Math.min(endMs - nowMs, LONGEST_WAIT_MS) },
  );
}

const round = (gb: number) => Math.round(gb * 1_000) / 1_000;
