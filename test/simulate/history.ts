import type { CallEvent, Event, Setup } from './plan.ts';
import type { Seen } from './world/upstream.ts';

/** A call as its caller lived it. Moments are ms since the run began. */
export interface Call extends Pick<CallEvent, 'n' | 'gateway' | 'account' | 'wish'> {
  readonly askedAtMs: number;
  /** Of the keys of its account, in the order they were made; -1: a key that nobody has. */
  readonly keyNumber: number;
  end: End | null;
}

export type End =
  | { readonly atMs: number; readonly how: 'hung up' | 'cut' | 'not listening' }
  | {
      readonly atMs: number;
      readonly how: 'answered';
      readonly status: number;
      /** Null on success. */
      readonly code: string | null;
      /** `meta.timestamp`, epoch ms. */
      readonly timestampMs: number;
      /** What is left of the month; null where nothing was said. */
      readonly remaining: number | null;
      readonly retryAfterS: number | null;
      /** What of `data` names the upstream's answer. */
      readonly data: { readonly name: string; readonly serial: number } | null;
      /** Whether the five keys of the envelope are there, and agree with the status. */
      readonly isWellFormed: boolean;
    };

/** What happened to the world, or was done by its operator, and when it was over; null where it failed. */
export interface Act {
  readonly event: Exclude<Event, CallEvent>;
  readonly beganAtMs: number;
  doneAtMs: number | null;
  isOver: boolean;
}

/** A key from the moment it was given out. */
export interface Key {
  readonly account: number;
  /** Within its account. */
  readonly number: number;
  readonly text: string;
  /** From when on it may be refused; Infinity: never. The operator's command is on its way. */
  mayEndAtMs: number;
  /** From when on it must be refused; Infinity: never. Set when the operator's command has succeeded. */
  endsAtMs: number;
  /** Whether that end came at once by a command, and is no moment of a calendar. */
  isEndedAtOnce: boolean;
}

/** What was seen of a gateway from outside. */
export interface Life {
  readonly gateway: number;
  readonly startedAtMs: number;
  endedAtMs: number;
  end: 'stopped' | 'killed' | null;
}

/** Everything that callers, the upstream and operators saw of a run. */
export interface History {
  readonly setup: Setup;
  readonly calls: readonly Call[];
  readonly seen: readonly Seen[];
  readonly acts: readonly Act[];
  readonly lives: readonly Life[];
  readonly keys: readonly Key[];
  /** How far each gateway's calendar, and the store's, was ahead at each moment it was set; ms. */
  readonly offsets: readonly { readonly atMs: number; readonly of: number | 'store'; readonly ms: number }[];
  /** What the store says was used, by account and month, when all had ended. */
  readonly usage: ReadonlyMap<string, number>;
  /** What was left open at the end, in words. */
  readonly left: readonly string[];
  /** What was thrown and not caught. */
  readonly thrown: readonly string[];
  /** All that was written: logs, and answers as they left. */
  readonly outputs: readonly string[];
}

/** A promise that was not kept. */
export interface Violation {
  readonly promise: string;
  readonly words: string;
}
