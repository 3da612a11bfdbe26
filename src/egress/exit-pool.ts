import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Log } from '../domain/log.ts';
import { AttemptError } from './attempts/attempt.ts';
import { correct, createBudget, giveBack, leftOf, markSpent, restOf, take } from './budget.ts';
import { BUDGET_WINDOW_MS, type BudgetStore } from './budget-store.ts';
import { costOf, createExit, type Exit, eject, noteSuccess, readmit, retire } from './exit.ts';
import { createFairShare, isScarce } from './fair-share.ts';
import type { Source } from './sources/source.ts';
import { TunnelError } from './sources/tunnel-error.ts';

export interface PoolOptions {
  readonly origin: string;
  readonly sources: readonly Source[];
  /** Sessions or tunnels per template or rotating entry. */
  readonly sessions: number;
  readonly sessionLifetimeMs: number;
  readonly hourlyBudget: number;
  readonly hourlyCeiling: number | null;
  /** Where the hour's spending outlives this process. */
  readonly budgets: BudgetStore;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1); for choice and jitter. */
  readonly random: () => number;
}

/** One call's hold on an exit, its budget already taken. */
export interface Hold {
  readonly exit: Exit;
  readonly takenAtMs: number;
  /** Ends the hold. `latencyMs` of an answer, or why there was none. */
  release(end: { readonly latencyMs: number } | { readonly error: unknown }): void;
}

export interface ExitPool {
  /** Chooses an exit outside `avoid` where there is one. Rejects with `exits_exhausted`. */
  hold(
    account: { readonly accountId: string; readonly weight: number },
    avoid: ReadonlySet<Exit>,
  ): Promise<Hold>;
  /** Whether a second attempt could leave from elsewhere. */
  hasOther(avoid: ReadonlySet<Exit>): boolean;
  /** Whether less than a fifth of the hour's budget is left: nothing is spent on comfort then. */
  isScarce(): boolean;
  /** What the upstream's own headers say about an exit's budget. */
  learn(exit: Exit, status: number, headers: Readonly<Record<string, string>>): void;
  replace(sources: readonly Source[]): void;
  /** Probes every proxy once, so that the first caller meets no dead one. */
  warmUp(): Promise<void>;
  snapshot(): readonly ExitState[];
  close(): Promise<void>;
}

export interface ExitState {
  readonly label: string;
  readonly left: number;
  readonly inFlight: number;
  readonly latencyMs: number | null;
  readonly ejected: boolean;
}

/** A credential is at fault when so many of its exits were refused in a row. */
const REFUSALS_OF_A_CREDENTIAL = 3;
const CREDENTIAL_REST_MS = 60_000;
/** After a 429 that names no time. */
const UNSAID_REST_MS = 60_000;
/** Longest that a start waits for its probes. */
const WARM_UP_MS = 2_000;
/** A session ends this part of its lifetime early, so that none expires under a call. */
const LIFETIME_MARGIN = 0.1;

/** The exits, and which of them the next call leaves from. */
export function createExitPool(options: PoolOptions): ExitPool {
  const { origin, budgets, clock, log, random } = options;
  const ceiling = options.hourlyCeiling === null ? null : createBudget(options.hourlyCeiling);
  const fairShare = createFairShare();
  const refusals = new Map<Source, number>();
  const restingUntilMs = new Map<Source, number>();
  let exits: Exit[] = [];

  const mint = (source: Source): Exit =>
    createExit(source, source.mint(), origin, options.hourlyBudget, clock.monotonic());
  const makesMany = (source: Source) => source.many;
  const countOf = (source: Source) => (source.many ? options.sessions : 1);

  /** Old sessions and spent ones make room for new ones, each with a budget of its own. */
  const renew = (nowMs: number) => {
    exits = exits.map((exit) => {
      if (!makesMany(exit.source)) return exit;
      const tooOld = nowMs - exit.bornAtMs > options.sessionLifetimeMs * (1 - LIFETIME_MARGIN);
      if (!exit.retired && !tooOld && leftOf(exit.budget, nowMs) > 0) return exit;
      retire(exit);
      return mint(exit.source);
    });
  };

  const isUsable = (exit: Exit, nowMs: number) =>
    !exit.retired && nowMs >= (restingUntilMs.get(exit.source) ?? 0) && leftOf(exit.budget, nowMs) > 0;

  /** A spent session or tunnel is followed by another with a budget of its own, so that none of them is ever scarce. */
  const comingFrom = (exit: Exit, nowMs: number) =>
    makesMany(exit.source) ? options.hourlyBudget : leftOf(exit.budget, nowMs);
  const leftInAll = (nowMs: number) =>
    exits.reduce((sum, exit) => sum + (isUsable(exit, nowMs) ? comingFrom(exit, nowMs) : 0), 0);
  const wholeHour = () => exits.length * options.hourlyBudget;

  const probe = async (exit: Exit): Promise<void> => {
    if (!exit.source.ejectable) return;
    exit.probing = true;
    try {
      await openOnce(exit, origin);
      readmit(exit);
    } catch (error) {
      noteFault(exit, error);
    } finally {
      exit.probing = false;
    }
  };

  const noteFault = (exit: Exit, error: unknown) => {
    const nowMs = clock.monotonic();
    eject(exit, nowMs, random);
    const cause = error instanceof AttemptError ? error.cause : error;
    const aboutCredentials = cause instanceof TunnelError && cause.verdict === 'credentials';
    if (!aboutCredentials) return;
    const count = (refusals.get(exit.source) ?? 0) + 1;
    refusals.set(exit.source, count);
    if (count < REFUSALS_OF_A_CREDENTIAL || !makesMany(exit.source)) return;
    restingUntilMs.set(exit.source, nowMs + CREDENTIAL_REST_MS);
    log.error(
      { exit: exit.source.label },
      'the proxy refuses these credentials: check user, password and balance',
    );
  };

  const choose = (candidates: readonly Exit[], nowMs: number): Exit | undefined => {
    const one = candidates[Math.floor(random() * candidates.length)];
    const two = candidates[Math.floor(random() * candidates.length)];
    if (one === undefined || two === undefined) return one;
    return costOf(one, leftOf(one.budget, nowMs)) <= costOf(two, leftOf(two.budget, nowMs)) ? one : two;
  };

  /** Free ones first; else, with all ejected, the one that has rested longest, one call at a time. */
  const find = (avoid: ReadonlySet<Exit>, nowMs: number): Exit | undefined => {
    const usable = exits.filter((exit) => isUsable(exit, nowMs));
    for (const exit of usable) {
      if (exit.ejectedAtMs !== null && !exit.probing && nowMs >= exit.probeAtMs) probe(exit).catch(() => {});
    }
    const healthy = usable.filter((exit) => exit.ejectedAtMs === null);
    const fresh = healthy.filter((exit) => !avoid.has(exit));
    if (healthy.length > 0) return choose(fresh.length > 0 ? fresh : healthy, nowMs);
    return usable
      .filter((exit) => exit.inFlight === 0)
      .sort(
        (a, b) => Number(avoid.has(a)) - Number(avoid.has(b)) || (a.ejectedAtMs ?? 0) - (b.ejectedAtMs ?? 0),
      )[0];
  };

  const exhausted = (nowMs: number, message: string) => {
    const rests = exits.map((exit) => restOf(exit.budget, nowMs)).filter((rest) => rest > 0);
    const ceilingRest = ceiling === null ? 0 : restOf(ceiling, nowMs);
    const retryAfterMs = Math.max(1_000, ceilingRest, rests.length === exits.length ? Math.min(...rests) : 0);
    return new Failure('exits_exhausted', message, { retryAfterMs });
  };

  const replace = (sources: readonly Source[]) => {
    const before = exits;
    exits = sources.flatMap((source) => {
      const known = before.filter((exit) => !exit.retired && exit.source.id === source.id);
      return Array.from({ length: countOf(source) }, (_, i) => known[i] ?? mint(source));
    });
    for (const exit of before) if (!exits.includes(exit)) retire(exit);
  };
  replace(options.sources);

  const toEpoch = (atMs: number) => atMs - clock.monotonic() + clock.now();
  /** A session or tunnel is another exit after a restart; a fixed proxy and our own address are not. */
  const isKept = (exit: Exit) => !makesMany(exit.source);
  const keep = (writing: Promise<unknown>) => {
    writing.catch((error) => log.warn({ cause: String(error) }, 'the budget of an exit could not be kept'));
  };

  /** Goes on where the last process stopped. */
  const restore = async () => {
    const kept = exits.filter((exit) => isKept(exit) && exit.budget.times.length === 0);
    const spendings = await budgets.load(
      kept.map(({ id }) => id),
      clock.now() - BUDGET_WINDOW_MS,
    );
    const offsetMs = clock.monotonic() - clock.now();
    for (const { id, budget } of kept) {
      const spending = spendings.get(id);
      budget.times.push(...(spending?.times ?? []).map((time) => time + offsetMs));
      budget.spentUntilMs = Math.max(
        budget.spentUntilMs,
        (spending?.spentUntilMs ?? Number.NEGATIVE_INFINITY) + offsetMs,
      );
    }
  };

  /** Counts a taken call in the store. False when other gateways have spent the exit: it rests here too. */
  const isGranted = async (exit: Exit, takenAtMs: number): Promise<boolean> => {
    const granted = budgets.take(exit.id, toEpoch(takenAtMs), exit.budget.limit);
    if (!budgets.shared) keep(granted);
    else if (!(await granted)) {
      giveBack(exit.budget, takenAtMs);
      correct(exit.budget, 0, UNSAID_REST_MS, takenAtMs);
      return false;
    }
    return true;
  };

  const pool: ExitPool = {
    hold: async (account, avoid) => {
      const nowMs = clock.monotonic();
      renew(nowMs);
      if (ceiling !== null && leftOf(ceiling, nowMs) === 0) {
        throw exhausted(
          nowMs,
          'The calls that may go to Bitbucket in this hour are used up. Wait as long as Retry-After says.',
        );
      }
      if (!fairShare.admits(account, leftInAll(nowMs), wholeHour(), nowMs)) {
        throw exhausted(
          nowMs,
          'Calls to Bitbucket are scarce in this hour and your share of them is used. Wait as long as Retry-After says.',
        );
      }
      const exit = find(avoid, nowMs);
      if (exit === undefined) {
        throw exhausted(
          nowMs,
          'No way out to Bitbucket is free: all exits are used up or out of order. Wait as long as Retry-After says.',
        );
      }
      take(exit.budget, nowMs);
      if (isKept(exit) && !(await isGranted(exit, nowMs))) return pool.hold(account, avoid);
      if (ceiling !== null) take(ceiling, nowMs);
      fairShare.note(account, nowMs);
      exit.inFlight += 1;
      return {
        exit,
        takenAtMs: nowMs,
        release: (end) => {
          exit.inFlight -= 1;
          if ('latencyMs' in end) {
            noteSuccess(exit, end.latencyMs);
            refusals.delete(exit.source);
          } else if (end.error instanceof AttemptError) {
            if (!end.error.mayHaveLeft) {
              giveBack(exit.budget, nowMs);
              if (isKept(exit)) keep(budgets.giveBack(exit.id, toEpoch(nowMs)));
              if (ceiling !== null) giveBack(ceiling, nowMs);
            }
            if (end.error.fault !== 'too_large') noteFault(exit, end.error);
          }
          if (exit.retired) retire(exit);
        },
      };
    },
    hasOther: (avoid) => {
      const nowMs = clock.monotonic();
      return exits.some((exit) => !avoid.has(exit) && exit.ejectedAtMs === null && isUsable(exit, nowMs));
    },
    isScarce: () => isScarce(leftInAll(clock.monotonic()), wholeHour()),
    learn: (exit, status, headers) => {
      const nowMs = clock.monotonic();
      const resetMs = secondsOf(headers['x-ratelimit-reset']);
      if (status === 429) {
        const restMs = secondsOf(headers['retry-after']) ?? resetMs ?? UNSAID_REST_MS;
        markSpent(exit.budget, restMs, nowMs);
        if (isKept(exit)) keep(budgets.markSpent(exit.id, toEpoch(nowMs + restMs)));
      }
      const remaining = /^\s*(\d{1,9})/.exec(headers['x-ratelimit-remaining'] ?? '')?.[1];
      if (remaining !== undefined)
        correct(exit.budget, Number(remaining), resetMs ?? BUDGET_WINDOW_MS, nowMs);
    },
    replace: (sources) => {
      replace(sources);
      keep(restore());
    },
    warmUp: async () => {
      await restore();
      await Promise.race([Promise.all(exits.map(probe)), wait(WARM_UP_MS, undefined, { ref: false })]);
    },
    snapshot: () => {
      const nowMs = clock.monotonic();
      return exits.map((exit) => ({
        label: exit.label,
        left: leftOf(exit.budget, nowMs),
        inFlight: exit.inFlight,
        latencyMs: exit.latencyMs,
        ejected: exit.ejectedAtMs !== null,
      }));
    },
    close: async () => {
      await Promise.all(exits.map((exit) => exit.dispatcher.destroy()));
    },
  };
  return pool;
}

/** CONNECT and TLS alone: costs no budget. */
function openOnce({ minted }: Exit, origin: string): Promise<void> {
  const { hostname, port, protocol, host } = new URL(origin);
  return new Promise((resolve, reject) => {
    minted.connect(
      { hostname, host, port, protocol, servername: '' },
      (error: Error | null, socket: Socket | null) => {
        socket?.destroy();
        if (error === null) resolve();
        else reject(error);
      },
    );
  });
}

/** A duration in whole seconds, or a date; ms. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}
