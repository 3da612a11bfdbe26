import type { ExitView, InsideView } from '../../domain/operator.ts';
import type { CostsView } from '../../domain/traffic.ts';
import type { AccountMonth } from './account-months.ts';
import { type ExitGrid, exitGridOf } from './exit-cells.ts';
import type { FailedCall } from './failures.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import type { Recorded, Totals } from './record.ts';
import { KEPT_SECONDS, type Second } from './seconds.ts';
import { quantileIn, type Spread, sumOfSpreads } from './spread.ts';

/** Over so many seconds latencies are told, so that few calls make a line too. */
export const LATENCY_SECONDS = 10;

/** How much traffic there may be; null where it was not set. */
export interface TrafficTerms {
  readonly gbPerMonth: number | null;
  /** Upstream calls an hour over all exits together. */
  readonly hourlyCeiling: number | null;
}

/** All that a frame is made of. */
export interface BoardState {
  readonly nowMs: number;
  readonly recorded: Recorded;
  readonly exits: readonly ExitView[];
  readonly inside: InsideView;
  readonly accounts: readonly AccountMonth[];
  readonly costs: CostsView;
  readonly terms: TrafficTerms;
}

/** Half, nineteen of twenty, ninety-nine of a hundred were not slower, ms; null without a call. */
type Quantiles = readonly [p50: number | null, p95: number | null, p99: number | null];

/** One second that is over. */
export interface Point {
  readonly second: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly total: Quantiles;
  readonly upstream: Quantiles;
  readonly bytesOut: number;
  readonly bytesExit: number;
}

/** What the dashboard shows at one moment: complete in itself, but for the points that were told before. */
export interface Frame {
  /** Another one: the gateway was started anew, and its points with it. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly second: number;
  readonly points: readonly Point[];
  readonly totals: Totals;
  readonly inside: InsideView;
  readonly exits: ExitGrid;
  readonly hour: Forecast;
  readonly traffic: {
    readonly gbPerMonth: number | null;
    /** Of the month so far, over all gateways, and of 1,000 answered calls in it; in what prices are told in. */
    readonly monthCost: number | null;
    readonly costPerThousand: number | null;
  };
  readonly accounts: readonly AccountMonth[];
  readonly failures: readonly FailedCall[];
}

/** The moment as JSON can hold it, with the seconds behind `seen` that are over. */
export function frameOf(
  { nowMs, recorded, exits, inside, accounts, costs, terms }: BoardState,
  seen: number,
): Frame {
  const { startedAtMs, second, totals, failures } = recorded;
  const grid = exitGridOf(exits);
  return {
    startedAtMs,
    nowMs,
    second,
    points: pointsOf(recorded, seen),
    totals,
    inside,
    exits: grid,
    hour: forecastOf({
      budget: grid.budget,
      left: grid.left,
      ceiling: terms.hourlyCeiling,
      sentByMinute: recorded.sentByMinute,
      perMinute: wantedPerMinute(recorded),
    }),
    traffic: {
      gbPerMonth: terms.gbPerMonth,
      monthCost: costs.cost,
      costPerThousand: costs.costPerThousand,
    },
    accounts,
    failures,
  };
}

function pointsOf({ seconds, second, uptimeSeconds }: Recorded, seen: number): Point[] {
  const known = new Map(seconds.map((one) => [one.second, one]));
  const first = Math.max(seen + 1, second - Math.min(KEPT_SECONDS, uptimeSeconds));
  const points: Point[] = [];
  for (let at = first; at < second; at += 1) points.push(pointOf(at, known));
  return points;
}

function pointOf(second: number, known: ReadonlyMap<number, Second>): Point {
  const recent: Second[] = [];
  for (let at = second - LATENCY_SECONDS + 1; at <= second; at += 1) {
    const one = known.get(at);
    if (one !== undefined) recent.push(one);
  }
  const own = known.get(second);
  return {
    second,
    statuses: Object.fromEntries(own?.statuses ?? []),
    total: quantilesOf(recent.map(({ total }) => total)),
    upstream: quantilesOf(recent.map(({ upstream }) => upstream)),
    bytesOut: own?.bytesOut ?? 0,
    bytesExit: own?.bytesExit ?? 0,
  };
}

function quantilesOf(spreads: readonly Spread[]): Quantiles {
  const spread = sumOfSpreads(spreads);
  return [quantileIn(spread, 0.5), quantileIn(spread, 0.95), quantileIn(spread, 0.99)];
}

/** What was sent and what found no exit, over the seconds that are kept. */
function wantedPerMinute({ seconds, uptimeSeconds }: Recorded): number {
  const wanted = seconds.reduce((sum, { sent, unserved }) => sum + sent + unserved, 0);
  return (wanted / Math.min(KEPT_SECONDS, Math.max(uptimeSeconds, LATENCY_SECONDS))) * 60;
}
