import type { Admission } from './admission.ts';
import { type Clock, sleep, within } from './domain/clock.ts';
import type { Answers } from './http/answers.ts';

export interface DrainOptions {
  readonly admission: Admission;
  readonly answers: Answers;
  readonly clock: Clock;
  /** How long calls are still taken while `/readyz` says no, ms. */
  readonly delayMs: number;
  /** How long begun answers may go on after that, ms. */
  readonly drainMs: number;
  /** Longest time a call may take, ms: by then what has no answer has a 503. */
  readonly deadlineMs: number;
}

/** An answer that was begun must move within this while the gateway drains, ms. */
const MOVE_MS = 5_000;
/** For the last refusals to leave, ms. */
const LAST_MS = 1_000;

/**
 * Brings a gateway to rest. `/readyz` says no at once; calls are taken for `delayMs`, each as the last of its
 * connection, and then refused; those under way get their answer, at their deadline a 503, and begun answers go on
 * while they move, `drainMs` at most. Settles as soon as the last answer is gone.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { admission, answers, clock, delayMs, drainMs, deadlineMs } = options;
  if (delayMs > 0) {
    admission.phase = 'leaving';
    answers.part();
    await sleep(clock, delayMs);
  }
  admission.phase = 'draining';
  answers.hurry(MOVE_MS);
  const quiet = answers.quiet().then(() => true);
  if (await within(clock, drainMs, quiet)) return;
  answers.cut();
  // What was never begun has its own deadline, and must still be told.
  if (await within(clock, Math.max(0, deadlineMs - drainMs) + LAST_MS, quiet)) return;
  answers.cut();
}
