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

/** Room for the bytes of one answer: without it the upstream is paused until there is. */
export class RoomAsker {
  readonly #options: RoomAskerOptions;
  /** Pieces that came and have no room yet. */
  #waiting = 0;
  #pausedAtMs: number | null = null;
  #pausedMs = 0;
  #isOver = false;

  constructor(options: RoomAskerOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** How long the upstream was paused, ms. */
  get pausedMs(): number {
    const runningMs = this.#pausedAtMs === null ? 0 : this.#options.clock.monotonic() - this.#pausedAtMs;
    return this.#pausedMs + runningMs;
  }

  /** For `bytes` that came, or are about to be made of them. */
  ask(bytes: number): void {
    if (bytes === 0) return;
    const { room, clock, pause } = this.#options;
    if (room.grow(bytes, () => this.#onRoom())) return;
    this.#waiting += 1;
    this.#pausedAtMs ??= clock.monotonic();
    pause();
  }

  /** Nothing is kept any more: no room is waited for, and the upstream goes on. */
  end(): void {
    this.#isOver = true;
    this.#goOn();
  }

  #onRoom(): void {
    if (this.#isOver) return;
    this.#waiting -= 1;
    if (this.isWaiting) return;
    this.#goOn();
    this.#options.onRoom();
  }

  #goOn(): void {
    this.#waiting = 0;
    if (this.#pausedAtMs === null) return;
    this.#pausedMs = this.pausedMs;
    this.#pausedAtMs = null;
    this.#options.resume();
  }
}
