import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { silentTelemetry, type Telemetry } from '../domain/telemetry.ts';
import type { Upstream, UpstreamAnswer, UpstreamCall, UpstreamRequest } from '../domain/upstream.ts';
import { AttemptError, attempt, type Outcome } from './attempts/attempt.ts';
import { createLatencies } from './attempts/latencies.ts';
import { refusalOf, requestIdOf } from './attempts/refusal.ts';
import { createPool, type PoolOptions } from './exits/pool.ts';
import type { AttemptEnd, Exit, Pool } from './exits/port.ts';
import type { Source } from './sources/source.ts';
import { tunnelErrorOf } from './sources/tunnel-error.ts';

const USER_AGENT = 'bitbucket-gateway/1.0 (anonymous public reads)';
const MAX_ATTEMPTS = 4;
const MAX_REDIRECTS = 3;
/** Retries after faults of the upstream itself: one in five calls, saved up to ten. */
const RETRY_RATIO = 0.2;
const MAX_SAVED_RETRIES = 10;
/** Second attempts beside a slow first one: one in twenty calls. */
const HEDGE_RATIO = 0.05;
const MAX_SAVED_HEDGES = 5;
/** Without an answer for this part of what is left, another exit is tried beside the first. */
const PATIENCE = 0.3;
const API_HOST = 'api.bitbucket.org';

export interface BitbucketOptions extends Omit<PoolOptions, 'origin' | 'random' | 'telemetry'> {
  readonly upstreamUrl: string;
  readonly random?: () => number;
  readonly telemetry?: Telemetry;
}

export interface Bitbucket extends Upstream, Pick<Pool, 'snapshot' | 'setAside' | 'bringBack'> {
  /** Another list of exits; calls under way end on the old ones. */
  replaceExits(sources: readonly Source[]): void;
  /** Settles when every proxy was tried once. */
  ready(): Promise<void>;
}

/** Bitbucket through the exits: attempts, one deadline, redirects, and what its answers mean. */
export function createBitbucket(options: BitbucketOptions): Bitbucket {
  const base = new URL(options.upstreamUrl);
  const random = options.random ?? Math.random;
  const pool = createPool({ telemetry: silentTelemetry, ...options, origin: base.origin, random });
  const { clock } = options;
  const latencies = createLatencies();
  let savedRetries = MAX_SAVED_RETRIES;
  let savedHedges = 0;

  const mayRetry = () => {
    if (savedRetries < 1) return false;
    savedRetries -= 1;
    return true;
  };

  /** One attempt through one exit; tells the pool how it went. */
  const tryOnce = async (
    request: UpstreamRequest<unknown>,
    call: UpstreamCall,
    tried: Set<Exit>,
  ): Promise<Outcome> => {
    const held = await pool.reserve(call, tried);
    tried.add(held.exit);
    const startedAtMs = clock.monotonic();
    try {
      const outcome = await attempt({
        dispatcher: held.exit.dispatcher,
        origin: base.origin,
        path: base.pathname.replace(/\/$/, '') + request.target,
        userAgent: USER_AGENT,
        timeoutMs: Math.max(1, call.deadlineAtMs - startedAtMs),
        signal: call.hangUp,
        refuse: request.refuse,
      });
      const latencyMs = clock.monotonic() - startedAtMs;
      held.settle({ kind: 'answered', ...outcome, latencyMs });
      latencies.note(latencyMs);
      return outcome;
    } catch (error) {
      held.settle(endOf(error));
      throw error;
    }
  };

  /**
   * As `tryOnce`, with a second exit beside the first when that stays silent. The first answer wins; the other is
   * read to its end, for an aborted request would take its tunnel with it, and the budget that is left on that.
   */
  const tryPatiently = async (
    request: UpstreamRequest<unknown>,
    call: UpstreamCall,
    tried: Set<Exit>,
  ): Promise<Outcome> => {
    const first = tryOnce(request, call, tried);
    const p95Ms = savedHedges >= 1 && !pool.isScarce() ? latencies.p95() : undefined;
    const longestMs = Math.max(1, (call.deadlineAtMs - clock.monotonic()) * PATIENCE);
    const patienceMs = Math.min(p95Ms ?? longestMs, longestMs);
    const patience = new AbortController();
    const silent = wait(patienceMs, true, { signal: patience.signal }).catch(() => false);
    const isSilent = await Promise.race([
      first.then(
        () => false,
        () => false,
      ),
      silent,
    ]);
    patience.abort();
    if (!isSilent || tried.size >= MAX_ATTEMPTS || !pool.hasOther(tried)) return first;
    if (patienceMs < longestMs) savedHedges -= 1;
    return Promise.any([first, tryOnce(request, call, tried)]).catch((error: AggregateError) => {
      throw error.errors[0];
    });
  };

  /** Attempts until one brings an answer below 500, or nothing more may be tried. */
  const persist = async (request: UpstreamRequest<unknown>, call: UpstreamCall): Promise<Answered> => {
    const tried = new Set<Exit>();
    let last: Failure | undefined;
    for (let made = 0; made < MAX_ATTEMPTS; made += 1) {
      if (call.hangUp.aborted) throw hungUp();
      if (clock.monotonic() >= call.deadlineAtMs) throw last ?? tooLate();
      let verdict: Verdict;
      try {
        verdict = judge(await tryPatiently(request, call, tried), request, made);
      } catch (error) {
        if (error instanceof Failure)
          throw error.code === 'exits_exhausted' && last !== undefined ? last : error;
        if (call.hangUp.aborted) throw hungUp();
        verdict = judgeFault(error);
      }
      if ('answer' in verdict) return verdict.answer;
      last = verdict.failure;
      if (verdict.retry === 'never') throw last;
      if (verdict.retry === 'later') {
        if (!mayRetry()) throw last;
        const pauseMs = random() * 100 * 2 ** made;
        if (clock.monotonic() + pauseMs >= call.deadlineAtMs) throw last;
        await wait(pauseMs, undefined, { signal: call.hangUp }).catch(() => {});
      }
    }
    throw last ?? tooLate();
  };

  const targetOf = (location: string, from: string): string => {
    const url = URL.parse(location, `https://${API_HOST}/2.0${from}`);
    const root =
      url?.host === base.host ? base.pathname.replace(/\/$/, '') : url?.host === API_HOST ? '/2.0' : null;
    if (url?.protocol !== 'https:' || root === null || !url.pathname.startsWith(`${root}/`)) {
      throw new Failure(
        'upstream_failed',
        'Bitbucket redirected to another place, which this gateway does not follow.',
      );
    }
    return url.pathname.slice(root.length) + url.search;
  };

  return {
    get: async (request, call) => {
      savedRetries = Math.min(MAX_SAVED_RETRIES, savedRetries + RETRY_RATIO);
      savedHedges = Math.min(MAX_SAVED_HEDGES, savedHedges + HEDGE_RATIO);
      let { target } = request;
      for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
        const outcome = await persist({ ...request, target }, call);
        const { location } = outcome.headers;
        if (outcome.status < 300) return outcome.value as never;
        if (outcome.status >= 400 || location === undefined) throw refusalOf(outcome);
        target = targetOf(location, target);
      }
      throw new Failure('upstream_failed', `Bitbucket redirected more than ${MAX_REDIRECTS} times.`);
    },
    replaceExits: pool.replace,
    ready: pool.ready,
    snapshot: pool.snapshot,
    setAside: pool.setAside,
    bringBack: pool.bringBack,
    close: pool.close,
  };
}

interface Answered extends Outcome {
  /** What the row read of a 200. */
  readonly value: unknown;
}

/** How an attempt that brought no answer ended, as far as its exit is concerned. */
function endOf(error: unknown): AttemptEnd {
  if (!(error instanceof AttemptError)) return { kind: 'abandoned', sent: true };
  const sent = error.mayHaveLeft;
  if (error.fault === 'too_large') return { kind: 'abandoned', sent };
  if (error.fault === 'timeout')
    return { kind: 'fault', fault: { verdict: 'timeout', words: 'timed out' }, sent };
  if (error.fault === 'tunnel') return { kind: 'fault', fault: tunnelErrorOf(error.cause, 'upstream'), sent };
  return { kind: 'fault', fault: { verdict: 'broken', words: 'the answer was cut' }, sent };
}

type Verdict =
  | { readonly answer: Answered }
  | { readonly failure: Failure; readonly retry: 'at once' | 'later' | 'never' };

/** What an answer means: to be passed on, or to be asked for again elsewhere. */
function judge(outcome: Outcome, request: UpstreamRequest<unknown>, made: number): Verdict {
  const { status, headers } = outcome;
  if (status === 429) return { failure: spent(), retry: 'at once' };
  if (status === 408 || status >= 500) {
    const asksQuery = /[?&]q=/.test(request.target);
    const cause = asksQuery ? ' The query `q` may be the cause: Bitbucket fails on some.' : '';
    const failure = new Failure(
      'upstream_failed',
      `Bitbucket failed (status ${status}).${cause}`,
      requestIdOf(outcome),
    );
    return { failure, retry: status === 500 && asksQuery && made > 0 ? 'never' : 'later' };
  }
  if (status === 410 && made === 0 && isBrownOut(outcome, request))
    return { failure: refusalOf(outcome), retry: 'at once' };
  if (status < 300 && !isJson(headers)) {
    const failure = new Failure(
      'upstream_failed',
      'Bitbucket sent a page instead of data. Try again.',
      requestIdOf(outcome),
    );
    return { failure, retry: 'later' };
  }
  if (status >= 300) return { answer: { ...outcome, value: undefined } };
  const value = readOf(outcome, request);
  if (value !== null) return { answer: { ...outcome, value } };
  const failure = new Failure(
    'upstream_failed',
    'Bitbucket sent an answer that is not whole. Try again.',
    requestIdOf(outcome),
  );
  return { failure, retry: 'later' };
}

/** During brown-outs single workspaces answered as if the function had been removed. */
const isBrownOut = (outcome: Outcome, request: UpstreamRequest<unknown>) =>
  request.target.startsWith('/workspaces/') && outcome.body.plain().includes('CHANGE-2770');

const isJson = (headers: Outcome['headers']) =>
  /^application\/(.+\+)?json\b/i.test(headers['content-type'] ?? '');

function judgeFault(error: unknown): Verdict {
  if (!(error instanceof AttemptError)) throw error;
  if (error.fault === 'timeout') return { failure: tooLate(error), retry: 'at once' };
  if (error.fault === 'too_large') {
    return {
      failure: new Failure('upstream_failed', 'Bitbucket sent more than this gateway takes.', {
        cause: error,
      }),
      retry: 'never',
    };
  }
  const failure = new Failure('upstream_failed', 'Bitbucket could not be read. Try again.', { cause: error });
  return { failure, retry: error.fault === 'tunnel' ? 'at once' : 'later' };
}

const tooLate = (cause?: unknown) =>
  new Failure('upstream_timeout', 'Bitbucket did not answer in time. Try again.', { cause });
const hungUp = () => new Failure('upstream_timeout', 'The caller hung up.');
const spent = () =>
  new Failure(
    'exits_exhausted',
    'Bitbucket says that too many calls were made. Wait as long as Retry-After says.',
    { retryAfterMs: 60_000 },
  );

/** What the row makes of a 200; null where it cannot be one whole answer. */
function readOf({ status, headers, body }: Outcome, { read }: UpstreamRequest<unknown>): unknown {
  const answer: UpstreamAnswer = {
    status,
    headers,
    body,
    requestId: headers['x-request-id'],
  };
  return read(answer);
}
