import { randomUUID } from 'node:crypto';

/**
 * A name for a call, unlike any other: a UUID of version 7 (RFC 9562, 5.7), whose first digits are the time, so that
 * a store that finds calls by their names writes new ones side by side. `nowMs`: since the epoch.
 */
export function createRequestId(nowMs: number): string {
  const time = Math.max(0, Math.floor(nowMs)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
