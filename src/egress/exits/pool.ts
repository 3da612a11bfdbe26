import { within } from '../../domain/clock.ts';
import type { Source } from '../sources/source.ts';
import { assemble, type PartsOptions } from './assemble.ts';
import type { Pool } from './port.ts';
import { exitStateOf } from './state.ts';

export interface PoolOptions extends PartsOptions {
  /** At least one. */
  readonly sources: readonly Source[];
}

/** Longest that a start waits for its probes. */
const START_MS = 2_000;

/** The exits: which exist (roster), how they are (keeper), what is left (leases), who is next (reserver). */
export function createPool(options: PoolOptions): Pool {
  const { roster, keeper, leases, reserver, news, now, lookAgain } = assemble(options);
  roster.replace(options.sources, now());
  return {
    reserve: (payer, avoid) => reserver.reserve(payer, avoid),
    hasOther: (avoid) => reserver.hasOther(avoid),
    isScarce: () => reserver.isScarce(),
    restMs: () => reserver.restMs(),
    replace: (sources) => {
      const { added, renewed } = roster.replace(sources, now());
      for (const member of renewed) keeper.renewed(member);
      lookAgain()
        .catch(news.storeFailed)
        .then(() => keeper.probeAll(added))
        .catch(() => {});
    },
    ready: async () => {
      await lookAgain().catch(news.storeFailed);
      await within(options.clock, START_MS, keeper.probeAll(roster.members()));
    },
    snapshot: () => {
      roster.tick(now());
      return [...roster.members()].map((member) => exitStateOf(member, now(), keeper.restUntilMs(member)));
    },
    setAside: (id) => keeper.order(roster.find(id), 'set aside'),
    bringBack: (id) => keeper.order(roster.find(id), 'brought back'),
    stopSources: (sources) => roster.stop(sources, now()),
    close: async () => {
      await roster.close();
      await leases.close().catch(news.storeFailed);
    },
  };
}
