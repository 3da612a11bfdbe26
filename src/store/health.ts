import type { Cancel, Clock } from '../domain/clock.ts';

/** How often the oldest unanswered command is looked at, ms. */
const TICK_MS = 5;
/** What one tick counts at most, ms: a loop that was busy or stopped for longer did not listen meanwhile. */
const MAX_TICK_MS = 2 * TICK_MS;
/** How often a server that is away is asked whether it is back, ms. */
const PROBE_EVERY_MS = 100;
/** A probe without an answer for so long is given up, ms. */
const PROBE_GIVEN_UP_MS = 1_000;

/** The server did not answer in time, or its connection is gone. What was sent may still be done. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
}

export interface HealthOptions {
  readonly clock: Clock;
  /** A command unanswered for so long, in time of the running loop, means that the server is away; ms. */
  readonly awayAfterMs: number;
  /** Runs `work` when everything that has come over the sockets until now has been read. */
  afterPoll(work: () => void): void;
  /** One command that writes; rejects while the server cannot take it. */
  probe(): Promise<unknown>;
  /** Called when the server is back. `wasLost`: by another connection, so it may be another server. */
  onBack(wasLost: boolean): void;
}

/** One server's: whether it answers, judged by its oldest unanswered command. */
export interface Health {
  isAway(): boolean;
  /** For those who are not let through; its cause is what the server said last. */
  awayError(): AwayError;
  /** A command has been written just now. Its answer, or `AwayError` when the verdict falls before. */
  watch<Result>(answer: Promise<Result>): Promise<Result>;
  /** The connection is gone, or the server says that it cannot serve. */
  lose(cause: unknown): void;
  /** There is a connection again: worth a probe at once. */
  tryNow(): void;
  close(): void;
}

interface Watched {
  readonly writtenAtRunMs: number;
  reject(error: AwayError): void;
}

/**
 * A late loop is not a server that is away, so no command has a timer. Time counts only while the loop listens, and
 * the verdict falls after a poll phase, when an answer that had come would have been read. A server that answers
 * others in order is slow, not away. While the server is away
 * nothing is sent but one probe at a time. It is back when a probe could write, or when it answers after a silence.
 */
export function createHealth(options: HealthOptions): Health {
  const { clock } = options;
  const unanswered = new Set<Watched>();
  let runMs = 0;
  let answeredAtRunMs = 0;
  let tickedAtMs = 0;
  let cancelTick: Cancel | null = null;
  let away: 'no' | 'silent' | 'lost' = 'no';
  let reason: unknown;
  let cancelProbe: Cancel | null = null;
  let closed = false;

  const tick = () => {
    const nowMs = clock.monotonic();
    runMs += Math.min(MAX_TICK_MS, nowMs - tickedAtMs);
    tickedAtMs = nowMs;
    cancelTick = unanswered.size === 0 || closed ? null : clock.after(TICK_MS, tick);
    options.afterPoll(judge);
  };

  const judge = () => {
    const [oldest] = unanswered;
    if (oldest === undefined) return;
    const silentSinceMs = Math.max(oldest.writtenAtRunMs, answeredAtRunMs);
    if (runMs - silentSinceMs < options.awayAfterMs) return;
    fail('silent', new AwayError('the store does not answer'));
  };

  const fail = (how: 'silent' | 'lost', error: AwayError) => {
    away = how;
    reason = error.cause ?? error;
    for (const { reject } of unanswered) reject(error);
    unanswered.clear();
    probeIn(PROBE_EVERY_MS);
  };

  const probeIn = (ms: number) => {
    cancelProbe?.();
    if (!closed) cancelProbe = clock.after(ms, probeNow);
  };

  const probeNow = () => {
    probeIn(PROBE_GIVEN_UP_MS);
    options.probe().then(beBack, (error) => {
      reason = error;
      if (away !== 'no') probeIn(PROBE_EVERY_MS);
    });
  };

  const beBack = () => {
    if (away === 'no' || closed) return;
    const wasLost = away === 'lost';
    away = 'no';
    cancelProbe?.();
    options.onBack(wasLost);
  };

  const listen = () => {
    if (cancelTick !== null) return;
    tickedAtMs = clock.monotonic();
    cancelTick = clock.after(TICK_MS, tick);
  };

  return {
    isAway: () => away !== 'no',
    awayError: () => new AwayError('the store is away', { cause: reason }),
    watch: (answer) =>
      new Promise((resolve, reject) => {
        const watched: Watched = { writtenAtRunMs: runMs, reject };
        unanswered.add(watched);
        listen();
        const end = () => {
          unanswered.delete(watched);
          answeredAtRunMs = runMs;
        };
        answer.then(
          (result) => {
            end();
            resolve(result);
            if (away === 'silent') beBack();
          },
          (error) => {
            end();
            reject(error);
          },
        );
      }),
    lose: (cause) => fail('lost', new AwayError('the store cannot serve', { cause })),
    tryNow: () => {
      if (away !== 'no') probeNow();
    },
    close: () => {
      closed = true;
      cancelTick?.();
      cancelProbe?.();
    },
  };
}
