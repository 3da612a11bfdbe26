import { type Linked, LinkedList, unlinked } from '../domain/linked-list.ts';
import type { LimitReading } from './meter.ts';

/** Both ends of a window count: a call that is exactly 1,000 ms old still holds its place. */
export const WINDOW_MS = 1_000;

/** A place in a window. `open` until it is spent, `held` while the fleet is asked, then `granted` or `free`. */
export interface Place extends Linked<Place> {
  state: 'open' | 'held' | 'granted' | 'free';
  /** From when on it counts while it is open, ms. */
  readonly atMs: number;
}

/** The exact sliding second of one account. Times are ms of a clock that never goes back. */
export interface Window {
  /** When calls were granted lately, the oldest first; what stands before `head` is gone. */
  times: number[];
  head: number;
  /** Places taken and not yet granted or freed, the oldest first. */
  readonly waiting: LinkedList<Place>;
}

export const newWindow = (): Window => ({ times: [], head: 0, waiting: new LinkedList() });

/** Whether nothing in it counts any more at `nowMs`. */
export function isIdle(window: Window, nowMs: number): boolean {
  forget(window, nowMs);
  return takenIn(window) === 0;
}

/** A place at `nowMs`, or how long until one is free at the latest, ms: never more than `limit` are taken. */
export function reserve(window: Window, limit: number, nowMs: number): Place | number {
  forget(window, nowMs);
  if (takenIn(window) >= limit) return waitIn(window, limit, nowMs);
  const place: Place = { state: 'open', atMs: nowMs, ...unlinked };
  window.waiting.append(place);
  return place;
}

/** Keeps a place until `grant` or `free`. False: it was open for too long, and no other is free. */
export function hold(window: Window, place: Place, limit: number, nowMs: number): boolean {
  forget(window, nowMs);
  if (!place.isLinked) {
    if (takenIn(window) >= limit) return false;
    window.waiting.append(place);
  }
  place.state = 'held';
  return true;
}

/** The call of a held place is admitted at `nowMs`: it counts for a second from then. */
export function grant(window: Window, place: Place, nowMs: number): void {
  if (!window.waiting.remove(place)) return;
  place.state = 'granted';
  window.times.push(nowMs);
}

/** The call is refused: its place counts for nothing. */
export function free(window: Window, place: Place): void {
  if (window.waiting.remove(place)) place.state = 'free';
}

/** How many of `limit` are free, and how long until all are, at `nowMs`. */
export function readWindow(window: Window, limit: number, nowMs: number): LimitReading['rate'] {
  forget(window, nowMs);
  const newestMs = Math.max(window.times.at(-1) ?? -Infinity, newestWaitingMs(window, nowMs));
  return {
    limit,
    remaining: Math.max(0, limit - takenIn(window)),
    resetMs: Math.max(0, newestMs + WINDOW_MS - nowMs),
  };
}

/** How many places are taken and not spent yet, at `nowMs`. */
export function openIn(window: Window, nowMs: number): number {
  forget(window, nowMs);
  let open = 0;
  for (let place = window.waiting.first; place !== null; place = place.behind)
    if (place.state === 'open') open += 1;
  return open;
}

const takenIn = ({ times, head, waiting }: Window) => times.length - head + waiting.size;

/** A held place will count from its grant on, which is now at the earliest. */
const endsAtMs = (place: Place, nowMs: number) => (place.state === 'held' ? nowMs : place.atMs) + WINDOW_MS;

function newestWaitingMs({ waiting }: Window, nowMs: number): number {
  let newestMs = -Infinity;
  for (let place = waiting.first; place !== null; place = place.behind)
    newestMs = Math.max(newestMs, endsAtMs(place, nowMs) - WINDOW_MS);
  return newestMs;
}

/** The oldest has to go for one place to be free; more than one after a lowered limit. */
function waitIn(window: Window, limit: number, nowMs: number): number {
  const { times, head } = window;
  const mustGo = takenIn(window) - limit;
  const grantedMs = (times[head + mustGo] ?? nowMs) + WINDOW_MS;
  const endMs = mustGo === 0 ? Math.min(grantedMs, oldestWaitingMs(window, nowMs) + WINDOW_MS) : grantedMs;
  return Math.max(1, Math.floor(endMs - nowMs) + 1);
}

function oldestWaitingMs({ waiting }: Window, nowMs: number): number {
  for (let place = waiting.first; place !== null; place = place.behind)
    if (place.state === 'open') return place.atMs;
  return nowMs;
}

function forget(window: Window, nowMs: number): void {
  const { times, waiting } = window;
  while (window.head < times.length && (times[window.head] ?? 0) < nowMs - WINDOW_MS) window.head += 1;
  if (window.head > 64 && window.head * 2 > times.length) {
    window.times = times.slice(window.head);
    window.head = 0;
  }
  let place = waiting.first;
  while (place !== null && place.atMs < nowMs - WINDOW_MS) {
    const { behind } = place;
    if (place.state === 'open') waiting.remove(place);
    place = behind;
  }
}
