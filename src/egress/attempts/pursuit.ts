import { type Clock, sleep, within } from '../../domain/clock.ts';
import { Failure } from '../../domain/failure.ts';
import { settleAs } from '../../domain/settle-as.ts';
import type { Soon } from '../../domain/step.ts';
import type { Telemetry } from '../../domain/telemetry.ts';
import type { UpstreamCall, UpstreamRequest } from '../../domain/upstream.ts';
import type { Exit, Pool } from '../exits/port.ts';
import type { Allowance } from './allowance.ts';
import { decisive, patienceOf } from './hedge.ts';
import type { Latencies } from './latencies.ts';
import { redirectedAway, redirectedTooOften, redirectTarget, type UpstreamBase } from './redirect.ts';
import { type Try, tryExit } from './try-exit.ts';
import { type Elsewhere, tooLate, type Verdict } from './verdict.ts';

/** Of the pause before a first retry; doubled for each one after it. */
const PAUSE_MS = 100;
const SHORTEST_REST_MS = 1_000;

/** What all pursuits of a gateway share. */
export interface PursuitTools {
  readonly pool: Pool;
  readonly base: UpstreamBase;
  readonly allowance: Allowance;
  readonly latencies: Latencies;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly soon: Soon;
  /** In [0, 1); for jitter. */
  readonly random: () => number;
}

/** One read of one resource, pursued over exits and redirects until it has an answer, a refusal, or no attempt left. */
export class Pursuit {
  readonly #tools: PursuitTools;
  readonly #call: UpstreamCall;
  readonly #tried: Exit[] = [];
  #running: Try[] = [];
  #hasBegun = false;
  #isOver = false;
  #hasFailed500 = false;
  #hadBrownOut = false;
  /** What Bitbucket itself did last that was no answer. */
  #failed: Failure | null = null;

  constructor(tools: PursuitTools, call: UpstreamCall) {
    this.#tools = tools;
    this.#call = call;
  }

  /** See `Upstream.get`. When the caller hangs up it rejects at once; what was sent is drained behind its back. */
  run(request: UpstreamRequest<unknown>): Promise<unknown> {
    const { hangUp } = this.#call;
    if (hangUp.aborted) return Promise.reject(hungUp());
    return new Promise((resolve, reject) => {
      const onHangUp = () => {
        this.#end('hung up');
        reject(hungUp());
      };
      hangUp.addEventListener('abort', onHangUp, { once: true });
      const stopListening = () => hangUp.removeEventListener('abort', onHangUp);
      settleAs(this.#follow(request), stopListening, { resolve, reject });
    });
  }

  async #follow(request: UpstreamRequest<unknown>): Promise<unknown> {
    let { target } = request;
    for (;;) {
      const verdict = await this.#persist({ ...request, target });
      if (verdict.kind === 'answer') return verdict.value;
      if (!this.#mayTry) throw this.#failed ?? redirectedTooOften();
      const next = redirectTarget(verdict.location, target, this.#tools.base);
      if (next === null) throw redirectedAway();
      target = next;
    }
  }

  /** Attempts until one ends the call or its hop. */
  async #persist(
    request: UpstreamRequest<unknown>,
  ): Promise<Exclude<Verdict, { kind: 'elsewhere' | 'refusal' }>> {
    for (let round = 0; this.#mayTry; round += 1) {
      if (this.#isLate()) break;
      const verdict = await this.#tryPatiently(request);
      if (verdict.kind === 'refusal') throw verdict.failure;
      if (verdict.kind !== 'elsewhere') return verdict;
      if (verdict.when === 'after jitter') await this.#pause(round, verdict);
    }
    throw this.#failed ?? (this.#isLate() ? tooLate() : this.#nothingGotThrough());
  }

  /** One attempt, and a second one beside it when the first stays silent. */
  async #tryPatiently(request: UpstreamRequest<unknown>): Promise<Verdict> {
    const { allowance, clock, latencies, pool } = this.#tools;
    const first = await this.#launch(request, false);
    const canHedge = allowance.hasHedge && !pool.isScarce();
    const patience = patienceOf(this.#leftMs(), latencies.p95Ms, canHedge);
    const prompt = await within(clock, patience.ms, first.verdict);
    if (prompt !== undefined) return prompt;
    const isPossible = this.#mayTry && pool.hasOther(this.#tried);
    const isPaid = () => (patience.from === 'hedges' ? allowance.takeHedge() : allowance.takeRetry());
    const second = isPossible && isPaid() ? await this.#launch(request, true).catch(() => null) : null;
    if (second === null) return first.verdict;
    const verdict = await decisive([first.verdict, second.verdict]);
    this.#abandon('lost');
    return verdict;
  }

  /** The first attempt of a read is always made; more only while the call has some to spare. */
  get #mayTry(): boolean {
    return !this.#hasBegun || this.#call.spares.isLeft;
  }

  async #launch(request: UpstreamRequest<unknown>, isHedge: boolean): Promise<Try> {
    const { pool } = this.#tools;
    if (this.#hasBegun) this.#call.spares.take();
    this.#hasBegun = true;
    const reservation = await pool.reserve(this.#call, this.#tried).catch((error: unknown) => {
      throw this.#failed ?? error;
    });
    if (this.#isOver) {
      reservation.settle({ kind: 'abandoned', sent: false });
      throw hungUp();
    }
    if (!this.#tried.includes(reservation.exit)) this.#tried.push(reservation.exit);
    const circumstances = () => ({ hasFailed500: this.#hasFailed500, hadBrownOut: this.#hadBrownOut });
    const attempt = tryExit({
      ...this.#tools,
      reservation,
      request,
      call: this.#call,
      isHedge,
      circumstances,
    });
    this.#running.push(attempt);
    const verdict = attempt.verdict.then((came) => {
      this.#running = this.#running.filter((other) => other !== attempt);
      if (came.kind === 'elsewhere') this.#note(came);
      return came;
    });
    return { ...attempt, verdict };
  }

  #note({ why, failure, cause }: Elsewhere): void {
    if (why === 'failed') this.#failed = failure;
    if (cause === '500') this.#hasFailed500 = true;
    if (cause === 'brown-out') this.#hadBrownOut = true;
  }

  /** Full jitter, paid from the allowance; throws what the attempt failed with when there is neither money nor time. */
  async #pause(round: number, { failure }: Elsewhere): Promise<void> {
    const { allowance, clock, random } = this.#tools;
    const pauseMs = random() * PAUSE_MS * 2 ** round;
    if (!this.#mayTry || pauseMs >= this.#leftMs() || !allowance.takeRetry()) throw failure;
    await sleep(clock, pauseMs, this.#call.hangUp);
    if (this.#isOver) throw hungUp();
  }

  /** Every exit was refused, by its proxy or by Bitbucket's limit. */
  #nothingGotThrough(): Failure {
    const retryAfterMs = Math.max(SHORTEST_REST_MS, this.#tools.pool.restMs());
    return new Failure(
      'exits_exhausted',
      'No way out to Bitbucket worked: exits are used up or out of order. Wait as long as Retry-After says.',
      { retryAfterMs },
    );
  }

  #isLate(): boolean {
    return this.#leftMs() <= 1;
  }

  #leftMs(): number {
    return this.#call.deadlineAtMs - this.#tools.clock.monotonic();
  }

  #end(because: 'hung up'): void {
    this.#isOver = true;
    this.#abandon(because);
  }

  #abandon(because: 'hung up' | 'lost'): void {
    for (const attempt of this.#running) attempt.abandon(because);
    this.#running = [];
  }
}

const hungUp = () => new Failure('upstream_timeout', 'The caller hung up.');
