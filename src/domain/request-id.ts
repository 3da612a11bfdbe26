import { randomUUID } from 'node:crypto';
import { rememberedLast } from './remembered.ts';

/** How a byte is written. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The upper 32 bits of the time, which change once in a minute. */
const minuteOf = rememberedLast((number) => number.toString(16).padStart(8, '0'));

/**
 * A name for a call, unlike any other: a UUID of version 7 (RFC 9562, 5.7), whose first digits are the time, so that
 * a store that finds calls by their names writes new ones side by side. `nowMs`: since the epoch.
 */
export function createRequestId(nowMs: number): string {
  const ms = Math.max(0, Math.floor(nowMs));
  const rest = ms % 0x10000;
  return `${minuteOf(Math.floor(ms / 0x10000))}-${BYTES[rest >>> 8]}${BYTES[rest & 0xff]}-7${randomUUID().slice(15)}`;
}
