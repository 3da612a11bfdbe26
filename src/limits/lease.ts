import { grantOf } from './grant.ts';

/** A block of calls already counted in the file and handed out from memory. */
export interface Lease {
  readonly accountId: string;
  readonly period: string;
  /** Counted in the file, this block included. */
  counted: number;
  /** Of these, not yet handed out. */
  unused: number;
  /** How many were counted ahead last. */
  block: number;
}

/** What was admitted, as far as this gateway knows. */
export const usedOf = ({ counted, unused }: Lease): number => counted - unused;

/**
 * How many calls to count ahead before the next one can be handed out: 0 when some are left. A crash forgets what
 * was not handed out, so a block is no more than 0.2 % of the month.
 */
export function blockOf(lease: Lease, quota: number): number {
  if (lease.unused > 0) return 0;
  return Math.min(grantOf(quota), Math.max(0, quota - lease.counted));
}

/** `block` more calls have been counted; the file now says `counted`. */
export function extend(lease: Lease, block: number, counted: number): void {
  lease.counted = counted;
  lease.unused += block;
  lease.block = block;
}

/** Of what is unused, what came back beyond a block: a crash must not forget so much. */
export const surplusOf = ({ unused, block }: Lease): number => Math.max(0, unused - block);

/** The file has taken `calls` unused ones back. */
export function dropSurplus(lease: Lease, calls: number): void {
  lease.counted -= calls;
  lease.unused -= calls;
}

/** Hands one call out. False: none is left. */
export function take(lease: Lease, quota: number): boolean {
  if (lease.unused === 0 || usedOf(lease) >= quota) return false;
  lease.unused -= 1;
  return true;
}

/** A call that was handed out comes back, for the next caller. */
export function putBack(lease: Lease): void {
  lease.unused += 1;
}
