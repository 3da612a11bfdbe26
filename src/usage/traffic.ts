import { GB, type SourceTerms, type SourceUse, type Traffic } from '../domain/traffic.ts';
import type { UsageRow } from '../domain/usage.ts';

const NEAR = 0.8;
/** How soon what other gateways sent is looked at again where there is a limit, ms. */
const LOOK_MS = { soonest: 50, latest: 1_000 } as const;
/** Parts of the time that is left at this pace; what is sent between two looks is as much of the room. */
const LOOKS_LEFT = 100;
const HALF_FORGOTTEN_MS = 1_000;

/** `near` from four fifths of the limit on, `used up` at all of it. */
export function trafficOf(bytes: number, limitBytes: number): Traffic {
  if (bytes >= limitBytes) return 'used up';
  return bytes >= limitBytes * NEAR ? 'near' : 'within';
}

/** The pace, bytes a ms, after another `inMs`: a burst is remembered, and half forgotten in a second. */
export const paceAfter = (paceBefore: number, grownBytes: number, inMs: number): number =>
  Math.max(grownBytes / Math.max(1, inMs), paceBefore * 0.5 ** (inMs / HALF_FORGOTTEN_MS));

/** A hundredth of the time until `roomBytes` are gone at this pace, bytes a ms; from 50 ms to 1 s. */
export function lookAgainMs(roomBytes: number, pace: number): number {
  if (roomBytes <= 0 || pace <= 0) return LOOK_MS.latest;
  return Math.min(LOOK_MS.latest, Math.max(LOOK_MS.soonest, roomBytes / pace / LOOKS_LEFT));
}

/** Bytes by entry of the list. */
export function bytesBySource(rows: readonly UsageRow[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { endpoint, bytesExit } of rows) bytes.set(endpoint, (bytes.get(endpoint) ?? 0) + bytesExit);
  return bytes;
}

/** What traffic costs: entries may have a price of their own. */
export interface Prices {
  /** `PRICE_PER_GB`; null where it is not set. */
  readonly pricePerGb: number | null;
  /** What the entries of the list say, by their labels. */
  terms(): ReadonlyMap<string, SourceTerms>;
}

/** Null where the entry has no price. */
export function sourceCostOf({ pricePerGb, terms }: Prices, source: string, bytes: number): number | null {
  const price = terms().get(source)?.pricePerGb ?? pricePerGb;
  return price === null ? null : (bytes / GB) * price;
}

/** All that has a price, added up; null where nothing can have one. */
export function sumOfCosts(prices: Prices, uses: readonly Pick<SourceUse, 'cost'>[]): number | null {
  const isPriced =
    prices.pricePerGb !== null || [...prices.terms().values()].some((each) => each.pricePerGb !== null);
  if (!isPriced && uses.every(({ cost }) => cost === null)) return null;
  return uses.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
}

/** The rows of `EXITS`, or of one account's exits, by entry and with what they cost; by label. */
export function sourceUsesOf(prices: Prices, rows: readonly UsageRow[]): SourceUse[] {
  const groups = Map.groupBy(rows, ({ endpoint }) => endpoint);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, group]) => {
      const bytes = group.reduce((sum, { bytesExit }) => sum + bytesExit, 0);
      const requests = group.reduce((sum, { calls }) => sum + calls, 0);
      return { source, requests, bytes, cost: sourceCostOf(prices, source, bytes) };
    });
}

/** What 1,000 answers with data cost; null where nothing has a price, or nothing was answered. */
export const costPerThousandOf = (cost: number | null, answered: number): number | null =>
  cost === null || answered === 0 ? null : (cost / answered) * 1_000;

/** Calls that were answered with data. */
export const answeredIn = (rows: readonly UsageRow[]): number =>
  rows.reduce((sum, { code, calls }) => sum + (code === 'ok' ? calls : 0), 0);
