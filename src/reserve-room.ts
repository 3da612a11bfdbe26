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
  let end = () => {};
  let hasRoom = hold.reserve(FIRST_BYTES, () => {
    hasRoom = true;
    end();
  });
  // As nearly always: nobody has to be listened to.
  if (hasRoom) return hold;
  const wait = new Line();
  end = () => wait.cut();
  const leftMs = deadlineAtMs - clock.monotonic();
  if (leftMs > 0 && !hangUp.aborted) {
    hangUp.addEventListener('abort', end);
    await sleep(clock, leftMs, wait);
    hangUp.removeEventListener('abort', end);
  }
  if (hasRoom) return hold;
  hold.release();
  throw new Failure('overloaded', 'Too many answers are under way. Try again.', { retryAfterMs: 1_000 });
}
