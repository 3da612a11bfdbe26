import type { BytesHold } from '../../domain/bytes-in-flight.ts';
import type { Clock } from '../../domain/clock.ts';

export interface RoomAskerOptions {
  readonly room: BytesHold;
  readonly clock: Clock;
  readonly pause: () => void;
  readonly resume: () => void;
  /** There is room for all that was asked for, after there had been none. */
  readonly onRoom: () => void;
}

/** Room for the bytes of one answer: without it the upstream is paused, and asked again when there may be some. */
export class RoomAsker {
  readonly #options: RoomAskerOptions;
  /** Bytes that came and have no room yet. */
  #waitingBytes = 0;
  #pausedAtMs: number | null = null;
  #pausedMs = 0;
  #isOver = false;

  constructor(options: RoomAskerOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waitingBytes > 0;
  }

  /** How long the upstream was paused, ms. */
  get pausedMs(): number {
    const runningMs = this.#pausedAtMs === null ? 0 : this.#options.clock.monotonic() - this.#pausedAtMs;
    return this.#pausedMs + runningMs;
  }

  /** For `bytes` that came, or are about to be made of them. */
  ask(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#waitingBytes === 0) return;
    const { room, clock, pause } = this.#options;
    if (room.grow(this.#waitingBytes, () => this.#askAgain())) this.#goOn();
    else {
      this.#pausedAtMs ??= clock.monotonic();
      pause();
    }
  }

  /** Nothing is kept any more: no room is asked for, and the upstream goes on. */
  end(): void {
    this.#isOver = true;
    this.#goOn();
  }

  #askAgain(): void {
    if (this.#isOver) return;
    this.ask(0);
    if (!this.isWaiting) this.#options.onRoom();
  }

  #goOn(): void {
    this.#waitingBytes = 0;
    if (this.#pausedAtMs === null) return;
    this.#pausedMs = this.pausedMs;
    this.#pausedAtMs = null;
    this.#options.resume();
  }
}
