import { type Clock, repeat, sleep, within } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Pulse } from '../domain/pulse.ts';
import { createArrivals } from './arrivals.ts';
import type { WebhookEvent } from './event.ts';
import { type AuditTrail, followAudit, outboxEventOf } from './follow.ts';
import { type Backlog, HELD_MS, type HeldEvent, type Outbox, type OutboxEvent } from './outbox.ts';
import type { Receiver } from './receiver.ts';
import { afterFailure } from './retry.ts';

/** How often the trail is followed and the outbox looked into, ms. */
const LOOK_EVERY_MS = 1_000;
/** Sendings under way at a time. */
const AT_ONCE = 8;
/** What was told here and the store has not taken yet: so much at most. */
const MOST_UNTOLD = 10_000;
/** Of these, so many in one step. */
const TOLD_AT_ONCE = 500;
/** A store that was away is asked again after this, ms. */
const ASK_AGAIN_MS = 250;
/** A start waits so long for it, ms. */
const START_MS = 5_000;
/** A close waits so long for what is under way, and then for the store; ms. */
const CLOSE_MS = 500;

export interface CourierOptions {
  readonly outbox: Outbox;
  readonly trail: AuditTrail;
  readonly receiver: Receiver;
  readonly clock: Clock;
  /** In [0, 1); for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly pulse: Pick<Pulse, 'webhookSent'>;
}

/** Brings events to their receiver: in order for each account, until they have arrived. */
export interface Courier {
  /** Sent as soon as the store has it. Never throws and never waits. */
  tell(event: WebhookEvent): void;
  /** What was on its way at the last look. */
  backlog(): Backlog;
  /** What happens from now on is told. Rejects as the store does. */
  ready(): Promise<void>;
  /** Ends within a moment; what is on its way stays in the store. Never rejects. */
  close(): Promise<void>;
}

export function createCourier(options: CourierOptions): Courier {
  return new OutboxCourier(options);
}

class OutboxCourier implements Courier {
  readonly #options: CourierOptions;
  readonly #arrivals;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #stop: () => void;
  #untold: OutboxEvent[] = [];
  #telling: Promise<void> | null = null;
  #backlog: Backlog = { pending: 0, oldestAtMs: null };
  #isClosed = false;
  #isTaking = false;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#arrivals = createArrivals(options.log);
    this.#stop = repeat(options.clock, LOOK_EVERY_MS, () => this.#look());
  }

  tell(event: WebhookEvent): void {
    const { log } = this.#options;
    if (this.#untold.length < MOST_UNTOLD) this.#untold.push(outboxEventOf(event));
    else log.error({ event: event.id }, 'a webhook is lost: the store has been away for too long');
    this.#tellStore().catch(() => {});
  }

  backlog(): Backlog {
    return this.#backlog;
  }

  async ready(): Promise<void> {
    const { outbox, trail } = this.#options;
    await this.#insist(() => followAudit(outbox, trail), START_MS);
  }

  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#isClosed = true;
    this.#stop();
    await within(clock, CLOSE_MS, Promise.all(this.#underWay));
    this.#closing.abort();
    await within(clock, CLOSE_MS, Promise.allSettled([...this.#underWay, this.#tellStore()]));
  }

  /** Never rejects: what the store cannot do now is done later. */
  async #look(): Promise<void> {
    const { outbox, trail, log } = this.#options;
    try {
      this.#arrivals.isFull((await followAudit(outbox, trail)) === 'full');
      await this.#tellStore();
      await this.#send();
      this.#backlog = await outbox.backlog();
      if (this.#backlog.pending === 0) this.#arrivals.allGone();
    } catch (error) {
      log.debug({ err: error }, 'webhooks are looked after later');
    }
  }

  /** One step at a time, so that nothing is taken off that was not told. */
  #tellStore(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = null;
    });
    return this.#telling;
  }

  /** Behind what the audit tells by now, so that a key was made before its account's month is used up. */
  async #tellAll(): Promise<void> {
    const { outbox, trail } = this.#options;
    while (this.#untold.length > 0) {
      if ((await followAudit(outbox, trail)) === 'full') return;
      const telling = this.#untold.slice(0, TOLD_AT_ONCE);
      if ((await outbox.add(telling)) === 'full') return;
      this.#untold = this.#untold.slice(telling.length);
    }
  }

  /** As many of those that are due as may be under way. */
  async #send(): Promise<void> {
    if (this.#isTaking || this.#isClosed) return;
    this.#isTaking = true;
    try {
      const room = AT_ONCE - this.#underWay.size;
      const held = room > 0 ? await this.#options.outbox.hold(room) : [];
      for (const event of held) this.#start(event);
    } finally {
      this.#isTaking = false;
    }
  }

  #start(event: HeldEvent): void {
    const work: Promise<void> = this.#bring(event)
      // The event is free again when its lease has ended.
      .catch((error) => this.#options.log.debug({ err: error }, 'what became of a webhook is kept later'))
      .finally(() => {
        this.#underWay.delete(work);
        this.#sendSoon();
      });
    this.#underWay.add(work);
  }

  #sendSoon(): void {
    this.#send().catch(() => {});
  }

  async #bring(event: HeldEvent): Promise<void> {
    const { outbox, receiver, pulse } = this.#options;
    const why = await receiver.send(event.body, this.#closing.signal);
    if (why !== null && this.#closing.signal.aborted) return outbox.putBack(event, 0, event.tried);
    if (why !== null) return this.#fail(event, why);
    this.#arrivals.arrived(event);
    await this.#insist(() => outbox.remove(event));
    pulse.webhookSent('delivered');
  }

  async #fail(event: HeldEvent, why: string): Promise<void> {
    const { outbox, clock, random, pulse } = this.#options;
    const next = afterFailure(event.tried, random);
    pulse.webhookSent(next === 'given up' ? 'given_up' : 'failed');
    if (next === 'given up') {
      this.#arrivals.givenUp(event, why);
      return this.#insist(() => outbox.remove(event));
    }
    this.#arrivals.failed(event, why);
    await this.#insist(() => outbox.putBack(event, next.waitMs, next.tried));
    clock.after(next.waitMs, () => this.#sendSoon());
  }

  /** Asks the store again while it is away: by default while an event may still be ours, since it is sent twice else. */
  async #insist<Result>(work: () => Promise<Result>, forMs = HELD_MS): Promise<Result> {
    const { clock } = this.#options;
    const untilMs = clock.monotonic() + forMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (this.#isClosed || clock.monotonic() >= untilMs) throw error;
        await sleep(clock, ASK_AGAIN_MS);
      }
    }
  }
}
