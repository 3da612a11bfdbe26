import { randomUUID } from 'node:crypto';

/** How a byte is written. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The upper 32 bits of the time that was asked for last: they change once in a minute. */
let lastMinute = { number: Number.NaN, text: '' };

/**
 * A name for a call, unlike any other: a UUID of version 7 (RFC 9562, 5.7), whose first digits are the time, so that
 * a store that finds calls by their names writes new ones side by side. `nowMs`: since the epoch.
 */
export function createRequestId(nowMs: number): string {
  const ms = Math.max(0, Math.floor(nowMs));
  const number = Math.floor(ms / 0x10000);
  if (number !== lastMinute.number) lastMinute = { number, text: number.toString(16).padStart(8, '0') };
  const rest = ms % 0x10000;
  return `${lastMinute.text}-${BYTES[rest >>> 8]}${BYTES[rest & 0xff]}-7${randomUUID().slice(15)}`;
}
