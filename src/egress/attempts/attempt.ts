import type { Dispatcher } from 'undici';
import type { Cancel } from '../../domain/clock.ts';
import type { UpstreamHead } from '../../domain/upstream.ts';
import type { Leave } from '../exits/fair-queue.ts';
import type { Fault } from '../fault.ts';
import type { AttemptOptions } from './attempt-options.ts';
import { gathered } from './body.ts';
import { DRAIN_BYTES, drainMs, isWorthDraining } from './drain.ts';
import { faultOf, TIMED_OUT } from './fault-of.ts';
import { headOf, headSizeOf } from './head.ts';
import type { Result } from './result.ts';
import { RoomAsker } from './room-asker.ts';
import { inflatedLengthOf, lengthSaid, mostWireBytes, requestSizeOf } from './sizes.ts';

/** Of an answer above 399 so much is worth reading. */
const MAX_ERROR_WIRE_BYTES = 64 * 1024;

/**
 * One GET through one exit, from the queue to the last byte. It ends exactly once, and one that has ended is never
 * sent: what ended it is remembered and meets the request when undici begins with it, however late. Our own deadline
 * stands above undici's, whose signals do nothing while a tunnel is being made.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #options: AttemptOptions;
  readonly #startedAtMs: number;
  #controller: Dispatcher.DispatchController | null = null;
  #head: UpstreamHead | null = null;
  #wire: Buffer[] = [];
  #bytesDown = 0;
  #wireBytes = 0;
  readonly #room: RoomAsker;
  /** Set when the result is known: the request is read on for its tunnel's sake, or not at all. */
  #state: 'running' | 'draining' | 'over' = 'running';
  /** Whether its turn came and undici has it. */
  #hasBegun = false;
  #leaveQueue: Leave = () => {};
  #isWhole = false;
  #drainBytes: number = DRAIN_BYTES.lost;
  #hasLost = false;
  #cancel: Cancel;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.monotonic();
    this.#room = new RoomAsker({
      room: options.room,
      clock: options.clock,
      pause: () => this.#isWhole || this.#controller?.pause(),
      resume: () => this.#isWhole || this.#controller?.resume(),
      onRoom: () => this.#isWhole && this.#answer(),
    });
    const leftMs = Math.max(1, options.deadlineAtMs - this.#startedAtMs);
    this.#cancel = options.clock.after(leftMs, () => this.#onDeadline());
  }

  /** Hands the request to a connection of the exit when its turn comes. */
  start(): void {
    const { exit, accountId, origin, path, headers } = this.#options;
    this.#leaveQueue = exit.queue.enter(accountId, (place) => {
      this.#hasBegun = true;
      exit
        .connection(place)
        .dispatch({ origin, path, method: 'GET', headers: headers as Record<string, string> }, this);
    });
    if (this.#state === 'over') this.#leaveQueue();
  }

  /** The caller hung up, or another attempt won. A sent request is drained; one that was not is never sent. */
  abandon(because: 'hung up' | 'lost'): void {
    if (this.#state !== 'running') return;
    this.#hasLost = because === 'lost';
    this.#options.onResult({ kind: 'abandoned' });
    this.#drain(DRAIN_BYTES.lost);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#state === 'running') this.#controller = controller;
    else {
      this.#end(null);
      controller.abort(new Error('the attempt has ended'));
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const head = headOf(status, headers);
    this.#head = head;
    this.#bytesDown += headSizeOf(head.headers);
    if (this.#state !== 'running') return;
    const failure = status < 400 ? this.#options.refuse?.(head) : undefined;
    if (failure !== undefined) {
      this.#options.onResult({ kind: 'refused', head, failure });
      this.#drain(DRAIN_BYTES.refused);
    } else if (status < 400 && lengthSaid(head) > mostWireBytes(head))
      this.#settle({ kind: 'too_large', head });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytesDown += chunk.length;
    this.#wireBytes += chunk.length;
    const head = this.#head;
    if (this.#state === 'draining' && this.#wireBytes > this.#drainBytes) this.#end(null);
    if (this.#state !== 'running' || head === null) return;
    if (head.status >= 400) this.#keepOfError(head, chunk);
    else if (this.#wireBytes > mostWireBytes(head)) this.#settle({ kind: 'too_large', head });
    else {
      this.#wire.push(chunk);
      this.#room.ask(chunk.length);
    }
  }

  onResponseEnd(): void {
    this.#isWhole = true;
    if (this.#state === 'draining') this.#end(null);
    if (this.#state !== 'running') return;
    if (this.#head !== null) this.#room.ask(inflatedLengthOf(this.#head, this.#wire));
    if (!this.#room.isWaiting) this.#options.soon(() => this.#answer());
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const sent = this.#controller !== null;
    const fault = faultOf(error, sent);
    this.#settle({ kind: 'fault', fault, sent }, fault);
  }

  #answer(): void {
    const head = this.#head;
    if (head === null) return;
    const wire = gathered(this.#wire, head.headers['content-encoding']);
    this.#settle({ kind: 'answer', head, wire });
  }

  #keepOfError(head: UpstreamHead, chunk: Buffer): void {
    this.#wire.push(chunk);
    if (this.#wireBytes <= MAX_ERROR_WIRE_BYTES) return;
    this.#options.onResult({ kind: 'answer', head, wire: this.#wire });
    this.#drain(DRAIN_BYTES.error);
  }

  #onDeadline(): void {
    if (this.#state === 'draining') this.#end(this.#hasLost ? TIMED_OUT : null);
    else if (this.#room.isWaiting) this.#settle({ kind: 'no_room' });
    else if (this.#isWhole) this.#answer();
    else {
      const late: Result = { kind: 'fault', fault: TIMED_OUT, sent: this.#controller !== null };
      // Nobody's fault but the queue's.
      this.#settle(late, this.#hasBegun ? TIMED_OUT : null);
    }
  }

  #settle(result: Result, fault: Fault | null = null): void {
    if (this.#state === 'running') this.#options.onResult(result);
    this.#end(fault);
  }

  /** The result is known; a request that was sent is read on, within bounds, by nobody. */
  #drain(most: number): void {
    if (!this.#hasBegun || this.#isWhole || !isWorthDraining(this.#head, most)) {
      this.#end(null);
      return;
    }
    this.#state = 'draining';
    this.#drainBytes = most;
    this.#wire = [];
    this.#wireBytes = 0;
    this.#room.end();
    this.#cancel();
    const mostMs = drainMs(this.#controller !== null);
    this.#cancel = this.#options.clock.after(mostMs, () => this.#onDeadline());
  }

  #end(fault: Fault | null): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#cancel();
    this.#leaveQueue(this.#isWhole);
    const { clock, path, headers } = this.#options;
    const sent = this.#controller !== null;
    this.#options.onEnd({
      head: this.#head,
      fault,
      sent,
      durationMs: clock.monotonic() - this.#startedAtMs - this.#room.pausedMs,
      bytesUp: sent ? requestSizeOf(path, headers) : 0,
      bytesDown: this.#bytesDown,
    });
    if (!this.#isWhole) this.#controller?.abort(new Error('the attempt has ended'));
  }
}
