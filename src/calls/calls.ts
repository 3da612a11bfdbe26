import { type Clock, repeat } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Story } from '../domain/story.ts';
import type { CallEnded, Telemetry } from '../domain/telemetry.ts';
import type { CallStore, KeptCall } from './call-store.ts';
import { storyOf } from './story.ts';

/** How often stories are told to the store, ms. */
const TELL_EVERY_MS = 250;
/** So many wait for the store at most; beyond it the newest are not kept. */
const MAX_WAITING = 20_000;

export interface Calls {
  /** Listens to calls that ended. */
  readonly telemetry: Pick<Telemetry, 'callEnded'>;
  /** The story of a call, of any gateway that shares the store; null where nothing is known of it. */
  find(requestId: string): Promise<Story | null>;
  close(): Promise<void>;
}

export interface CallsOptions {
  readonly store: CallStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Stories wait in memory and go to the store four times a second, off the way of any call. */
export function createCalls({ store, clock, log }: CallsOptions): Calls {
  let waiting: KeptCall[] = [];
  let lost = 0;

  const tell = async () => {
    const calls = waiting;
    if (calls.length === 0) return;
    waiting = [];
    try {
      await store.add(calls);
      if (lost > 0) log.warn({ lost }, 'stories of calls were not kept: the store was away');
      lost = 0;
    } catch {
      const room = Math.max(0, MAX_WAITING - waiting.length);
      lost += Math.max(0, calls.length - room);
      waiting = [...calls.slice(0, room), ...waiting];
    }
  };
  const stop = repeat(clock, TELL_EVERY_MS, tell);

  return {
    telemetry: {
      callEnded: (call) => {
        if (waiting.length < MAX_WAITING) waiting.push(keptOf(call));
        else lost += 1;
      },
    },
    find: async (requestId) => {
      const own = waiting.find((call) => call.requestId === requestId);
      const text = own?.text ?? (await store.find(requestId));
      return text === null ? null : (JSON.parse(text) as Story);
    },
    close: async () => {
      stop();
      await tell();
    },
  };
}

const keptOf = (call: CallEnded): KeptCall => ({
  requestId: call.requestId,
  receivedAtMs: call.receivedAtMs,
  text: JSON.stringify(storyOf(call)),
});
