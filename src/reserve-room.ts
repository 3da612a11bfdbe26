import type { AnswerHold, BytesInFlight } from './domain/bytes-in-flight.ts';
import { type Clock, sleep } from './domain/clock.ts';
import { Failure } from './domain/failure.ts';
import { type HangUp, Line } from './domain/hang-up.ts';

/** What every answer has at least. */
const FIRST_BYTES = 64 * 1024;

interface Wait {
  readonly memory: BytesInFlight;
  readonly clock: Clock;
  readonly accountId: string;
  /** Of `clock.monotonic`, ms. */
  readonly deadlineAtMs: number;
  readonly hangUp: HangUp;
}

/** Room for the first bytes of an answer, as soon as there is some. Rejects with `overloaded` at the deadline. */
export async function reserveRoom({
  memory,
  clock,
  accountId,
  deadlineAtMs,
  hangUp,
}: Wait): Promise<AnswerHold> {
  const hold = memory.open(accountId);
  let woken: Line | null = null;
  const wake = () => woken?.cut();
  // As nearly always: nobody has to be listened to.
  if (hold.grow(FIRST_BYTES, wake)) return hold;
  hangUp.addEventListener('abort', wake);
  try {
    do {
      const leftMs = deadlineAtMs - clock.monotonic();
      if (leftMs <= 0 || hangUp.aborted) {
        hold.release();
        throw new Failure('overloaded', 'Too many answers are under way. Try again.', {
          retryAfterMs: 1_000,
        });
      }
      woken = new Line();
      await sleep(clock, leftMs, woken);
    } while (!hold.grow(FIRST_BYTES, wake));
  } finally {
    hangUp.removeEventListener('abort', wake);
  }
  return hold;
}
