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
  /** Places taken and not spent yet, the oldest first. */
  readonly open: LinkedList<Place>;
  /** Places that wait for the fleet's verdict. */
  readonly held: LinkedList<Place>;
}

export const newWindow = (): Window => ({
  times: [],
  head: 0,
  open: new LinkedList(),
  held: new LinkedList(),
});

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
  window.open.append(place);
  return place;
}

/** Keeps a place until `grant` or `free`. False: it was open for too long, and no other is free. */
export function hold(window: Window, place: Place, limit: number, nowMs: number): boolean {
  forget(window, nowMs);
  if (!window.open.remove(place) && takenIn(window) >= limit) return false;
  window.held.append(place);
  place.state = 'held';
  return true;
}

/** The call of a held place is admitted at `nowMs`: it counts for a second from then. */
export function grant(window: Window, place: Place, nowMs: number): void {
  if (place.state !== 'held') return;
  window.held.remove(place);
  place.state = 'granted';
  window.times.push(nowMs);
}

/** The call of a held place is refused: its place counts for nothing. */
export function free(window: Window, place: Place): void {
  if (place.state !== 'held') return;
  window.held.remove(place);
  place.state = 'free';
}

/** How many of `limit` are free, and how long until all are, at `nowMs`. */
export function readWindow(window: Window, limit: number, nowMs: number): LimitReading['rate'] {
  forget(window, nowMs);
  const { times, open, held } = window;
  // A held place will count from its grant on, which is now at the earliest.
  const newestMs = held.size > 0 ? nowMs : Math.max(times.at(-1) ?? -Infinity, open.last?.atMs ?? -Infinity);
  return {
    limit,
    remaining: Math.max(0, limit - takenIn(window)),
    resetMs: Math.max(0, newestMs + WINDOW_MS - nowMs),
  };
}

/** How many places are taken and not spent yet, at `nowMs`. */
export function openIn(window: Window, nowMs: number): number {
  forget(window, nowMs);
  return window.open.size;
}

const takenIn = ({ times, head, open, held }: Window) => times.length - head + open.size + held.size;

/** The oldest has to go for one place to be free; more than one after a lowered limit. */
function waitIn(window: Window, limit: number, nowMs: number): number {
  const { times, head, open } = window;
  const mustGo = takenIn(window) - limit;
  const grantedMs = times[head + mustGo] ?? nowMs;
  const firstMs = mustGo === 0 ? Math.min(grantedMs, open.first?.atMs ?? nowMs) : grantedMs;
  return Math.max(1, Math.floor(firstMs + WINDOW_MS - nowMs) + 1);
}

function forget(window: Window, nowMs: number): void {
  const { times, open } = window;
  while (window.head < times.length && (times[window.head] ?? 0) < nowMs - WINDOW_MS) window.head += 1;
  if (window.head > 64 && window.head * 2 > times.length) {
    window.times = times.slice(window.head);
    window.head = 0;
  }
  while (open.first !== null && open.first.atMs < nowMs - WINDOW_MS) open.remove(open.first);
}
