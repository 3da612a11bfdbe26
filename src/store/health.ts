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
 * others in order is slow, not away. While the server is away nothing is sent but one probe at a time. It is back
 * when a probe could write, or when it answers after a silence.
 */
export function createHealth(options: HealthOptions): Health {
  return new ServerHealth(options);
}

class ServerHealth implements Health {
  readonly #options: HealthOptions;
  /** The oldest first. */
  readonly #unanswered = new Set<Watched>();
  /** Time of the running loop. */
  #runMs = 0;
  #answeredAtRunMs = 0;
  #tickedAtMs = 0;
  #cancelTick: Cancel | null = null;
  #away: 'no' | 'silent' | 'lost' = 'no';
  /** What the server said last, while it is away. */
  #reason: unknown;
  #cancelProbe: Cancel | null = null;
  #isClosed = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  isAway(): boolean {
    return this.#away !== 'no';
  }

  awayError(): AwayError {
    return new AwayError('the store is away', { cause: this.#reason });
  }

  watch<Result>(answer: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const watched: Watched = { writtenAtRunMs: this.#runMs, reject };
      this.#unanswered.add(watched);
      this.#listen();
      answer
        .finally(() => this.#answered(watched))
        .then((result) => {
          resolve(result);
          if (this.#away === 'silent') this.#beBack();
        }, reject);
    });
  }

  lose(cause: unknown): void {
    this.#fail('lost', new AwayError('the store cannot serve', { cause }));
  }

  tryNow(): void {
    if (this.isAway()) this.#probeNow();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    this.#cancelProbe?.();
  }

  #answered(watched: Watched): void {
    this.#unanswered.delete(watched);
    this.#answeredAtRunMs = this.#runMs;
  }

  #listen(): void {
    if (this.#cancelTick !== null) return;
    const { clock } = this.#options;
    this.#tickedAtMs = clock.monotonic();
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const { clock, afterPoll } = this.#options;
    this.#cancelTick = null;
    this.#runMs += Math.min(MAX_TICK_MS, clock.monotonic() - this.#tickedAtMs);
    if (this.#unanswered.size > 0 && !this.#isClosed) this.#listen();
    afterPoll(() => this.#judge());
  }

  #judge(): void {
    const [oldest] = this.#unanswered;
    if (oldest === undefined) return;
    const silentSinceMs = Math.max(oldest.writtenAtRunMs, this.#answeredAtRunMs);
    if (this.#runMs - silentSinceMs < this.#options.awayAfterMs) return;
    this.#fail('silent', new AwayError('the store does not answer'));
  }

  #fail(how: 'silent' | 'lost', error: AwayError): void {
    this.#away = how;
    this.#reason = error.cause ?? error;
    for (const { reject } of this.#unanswered) reject(error);
    this.#unanswered.clear();
    this.#probeIn(PROBE_EVERY_MS);
  }

  #probeIn(ms: number): void {
    this.#cancelProbe?.();
    if (!this.#isClosed) this.#cancelProbe = this.#options.clock.after(ms, () => this.#probeNow());
  }

  #probeNow(): void {
    this.#probeIn(PROBE_GIVEN_UP_MS);
    this.#options.probe().then(
      () => this.#beBack(),
      (error) => {
        this.#reason = error;
        if (this.isAway()) this.#probeIn(PROBE_EVERY_MS);
      },
    );
  }

  #beBack(): void {
    if (!this.isAway() || this.#isClosed) return;
    const wasLost = this.#away === 'lost';
    this.#away = 'no';
    this.#cancelProbe?.();
    this.#options.onBack(wasLost);
  }
}
