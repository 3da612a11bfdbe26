import type { Clock } from '../domain/clock.ts';
import type { LimitReading, Reserved, Slot } from './meter.ts';
import {
  free,
  grant,
  hold,
  isIdle,
  newWindow,
  openIn,
  type Place,
  readWindow,
  reserve,
  type Window,
} from './window.ts';

const SWEEP_MS = 60_000;

interface OwnSlot extends Slot {
  readonly place: Place;
}

/** The exact second of one gateway: it holds whatever the shared store does. */
export interface OwnSecond {
  reserve(accountId: string, limit: number): Reserved;
  /** Keeps the place until the verdict; false when it lapsed meanwhile and no other is free. */
  hold(slot: Slot, limit: number): boolean;
  grant(slot: Slot): void;
  free(slot: Slot): void;
  /** Places of calls that were refused before they were spent, and of those about to be. */
  openIn(accountId: string): number;
  read(accountId: string, limit: number): LimitReading['rate'];
}

/** Accounts that were quiet for a second are forgotten now and then. */
export function createOwnSecond(clock: Clock): OwnSecond {
  const windows = new Map<string, Window>();
  let sweptAtMs = clock.monotonic();

  const sweep = (nowMs: number) => {
    if (nowMs - sweptAtMs < SWEEP_MS) return;
    sweptAtMs = nowMs;
    for (const [id, window] of windows) if (isIdle(window, nowMs)) windows.delete(id);
  };

  const windowOf = (accountId: string): Window => {
    const known = windows.get(accountId);
    if (known !== undefined) return known;
    const window = newWindow();
    windows.set(accountId, window);
    return window;
  };

  return {
    reserve: (accountId, limit) => {
      const nowMs = clock.monotonic();
      sweep(nowMs);
      const window = windowOf(accountId);
      const place = reserve(window, limit, nowMs);
      if (typeof place === 'number') return { admitted: false, waitMs: place };
      const slot: OwnSlot = { accountId, place };
      return { admitted: true, slot };
    },
    hold: (slot, limit) => hold(windowOf(slot.accountId), placeOf(slot), limit, clock.monotonic()),
    grant: (slot) => grant(windowOf(slot.accountId), placeOf(slot), clock.monotonic()),
    free: (slot) => free(windowOf(slot.accountId), placeOf(slot)),
    openIn: (accountId) => openIn(windows.get(accountId) ?? newWindow(), clock.monotonic()),
    read: (accountId, limit) => readWindow(windows.get(accountId) ?? newWindow(), limit, clock.monotonic()),
  };
}

const placeOf = (slot: Slot): Place => (slot as OwnSlot).place;
