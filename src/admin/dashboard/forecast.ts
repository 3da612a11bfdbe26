/** What is known of the hour that was. */
export interface HourKnown {
  /** Calls of any 60 minutes that the exits in service may make, and how many of them are left now. */
  readonly budget: number;
  readonly left: number;
  /** What all exits together may make; null for no limit. */
  readonly ceiling: number | null;
  /** Requests of this gateway in each of the last 60 minutes, the oldest first. */
  readonly sentByMinute: readonly number[];
  /** Requests a minute that are wanted now. */
  readonly perMinute: number;
}

/** The hour to come, if callers go on as they do now. */
export interface Forecast {
  /** Upstream calls that the next 60 minutes have room for. */
  readonly budget: number;
  /** Upstream calls that are wanted in them. */
  readonly demand: number;
  /** How many may have left after 0, 1 … 60 minutes. */
  readonly supply: readonly number[];
  /** The first minute in which not all can leave; null where all can. */
  readonly scarceInMinutes: number | null;
}

/**
 * A call comes back an hour after it was made. When this gateway's own come back is known to the minute; those of
 * others, and of an earlier start, are taken to be spread evenly. The ceiling is held against this gateway's own.
 */
export function forecastOf({ budget, left, ceiling, sentByMinute, perMinute }: HourKnown): Forecast {
  const own = sum(sentByMinute);
  const spent = Math.max(0, budget - left);
  const ownPart = own === 0 ? 0 : Math.min(1, spent / own);
  const othersPerMinute = (spent - own * ownPart) / 60;
  const ofExits = cumulated(left, (minute) => (sentByMinute[minute] ?? 0) * ownPart + othersPerMinute);
  const underCeiling =
    ceiling === null ? null : cumulated(Math.max(0, ceiling - own), (minute) => sentByMinute[minute] ?? 0);
  const supply = ofExits.map((calls, minute) => Math.round(Math.min(calls, underCeiling?.[minute] ?? calls)));
  const scarce = supply.findIndex((calls, minute) => minute > 0 && perMinute * minute > calls);
  return {
    budget: supply.at(-1) ?? 0,
    demand: Math.round(perMinute * 60),
    supply,
    scarceInMinutes: scarce === -1 ? null : scarce,
  };
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** What there is after 0 to 60 minutes, when `more` comes in each. */
function cumulated(first: number, more: (minute: number) => number): number[] {
  const counts = [first];
  for (let minute = 0; minute < 60; minute += 1) counts.push((counts[minute] ?? 0) + more(minute));
  return counts;
}
