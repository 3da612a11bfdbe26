import type { UpstreamHead } from '../../domain/upstream.ts';
import { lengthSaid } from './sizes.ts';

/** A request that nobody waits for is read on for so long and so far, so that its tunnel survives. */
const SENT_MS = 3_000;
/** One that was not sent is followed until its tunnel has opened or failed, for that is worth knowing. */
const UNSENT_MS = 6_000;

/** What is read of an answer that nobody wants any more, bytes. */
export const DRAIN_BYTES = {
  /** What a tunnel costs to open anew, more or less. */
  lost: 512 * 1024,
  /** The row saw all that it wanted in the head: more is not paid for. */
  refused: 16 * 1024,
  /** An error said enough. */
  error: 0,
} as const;

/** How long an attempt whose result is known may go on, ms. */
export const drainMs = (sent: boolean): number => (sent ? SENT_MS : UNSENT_MS);

/** Whether it goes on at all: not where the answer says that it is longer. */
export const isWorthDraining = (head: UpstreamHead | null, mostBytes: number): boolean =>
  mostBytes > 0 && (head === null || lengthSaid(head) <= mostBytes);
