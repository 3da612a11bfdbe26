import { randomUUID } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { Telemetry } from '../../domain/telemetry.ts';
import { adopt } from './budget.ts';
import type { BudgetStore } from './budget-store.ts';
import { createCeiling } from './ceiling.ts';
import { FairShare } from './fair-share.ts';
import { HealthKeeper } from './keeper.ts';
import { BudgetLeases } from './leases.ts';
import { createLessons } from './lessons.ts';
import { createNews } from './news.ts';
import { Picture } from './picture.ts';
import type { Purse } from './reservation.ts';
import { Reserver } from './reserve.ts';
import { Roster } from './roster.ts';
import { reasonOf } from './state.ts';

export interface PartsOptions {
  /** Of the upstream, for probes and tunnels. */
  readonly origin: string;
  /** Sessions or tunnels per source that makes many. */
  readonly sessions: number;
  readonly sessionLifetimeMs: number;
  /** Calls an exit may make in any 60 minutes, where its source does not say. */
  readonly hourlyBudget: number;
  /** Calls that all exits together may make; null: no bound. */
  readonly hourlyCeiling: number | null;
  /** Where the hour's spending outlives this process. */
  readonly budgets: BudgetStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** In [0, 1); for choice and jitter. */
  readonly random: () => number;
}

/** The parts of a pool, each told of the others what it needs. */
export function assemble(options: PartsOptions) {
  const { budgets, clock, random } = options;
  const now = () => clock.monotonic();
  const news = createNews(options.telemetry, options.log);
  const ceiling = options.hourlyCeiling === null ? null : createCeiling(options.hourlyCeiling);
  const { roster, keeper } = createRosterAndKeeper(options, news);
  const changed = (purse: Purse) => {
    const member = roster.find(purse.id);
    if (member !== undefined) roster.refresh(member, now());
  };
  const leases = new BudgetLeases({
    store: budgets,
    clock,
    gatewayId: randomUUID(),
    heard: (id, remaining, growsInMs) => {
      const purse = id === ceiling?.id ? ceiling : roster.find(id);
      if (purse === undefined) return;
      adopt(purse.budget, remaining, growsInMs, now());
      changed(purse);
    },
  });
  const picture = new Picture({ store: budgets, clock, leases, changed });
  const lookAgain = () => picture.read([...roster.members(), ...(ceiling === null ? [] : [ceiling])]);
  const ended = createLessons({
    clock,
    roster,
    keeper,
    spent: (member, forMs) => {
      if (member.kept) budgets.markSpent(member.id, forMs).catch(news.storeFailed);
    },
  });
  const fairShare = new FairShare();
  const reserver = new Reserver({ roster, ceiling, fairShare, leases, clock, random, ended, lookAgain });
  return { roster, keeper, leases, reserver, news, now, lookAgain };
}

/** The two know each other: what a member's health is decides whether it may be chosen, and its moments wake the keeper. */
function createRosterAndKeeper(options: PartsOptions, news: ReturnType<typeof createNews>) {
  const roster: Roster = new Roster({
    ...options,
    restUntilMs: (member) => keeper.restUntilMs(member),
    due: (member) => keeper.probeDue(member),
    retiring: (member) => keeper.forget(member),
    changed: (member, state) =>
      news.changed(member, state, reasonOf(member, state), keeper.restUntilMs(member) !== null),
  });
  const keeper: HealthKeeper = new HealthKeeper({
    ...options,
    roster,
    credentialRests: news.credentialRests,
  });
  return { roster, keeper };
}
