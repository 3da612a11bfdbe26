import { type ExitsDesk, type ExitView, OperatorError } from './domain/operator.ts';
import type { Bitbucket } from './egress/bitbucket.ts';
import type { ExitState } from './egress/exits/port.ts';
import { ExitListError } from './egress/list/exit-list-error.ts';

export interface ExitsDeskParts {
  /** Asked for when it is needed: the desk is there before the exits are. */
  exits(): Pick<Bitbucket, 'snapshot' | 'setAside' | 'bringBack' | 'stopSources'>;
  /** Reads the list again and takes it over; how many entries it has. */
  reread(): Promise<number>;
}

/** The exits as the door's desk. */
export function createExitsDesk({ exits, reread }: ExitsDeskParts): ExitsDesk {
  return {
    list: () => exits().snapshot().map(viewOf),
    setAside: (id) => exits().setAside(id),
    bringBack: (id) => exits().bringBack(id),
    reload: async () => {
      try {
        return { exits: await reread() };
      } catch (error) {
        if (error instanceof ExitListError) throw new OperatorError('invalid_request', error.message);
        throw error;
      }
    },
  };
}

const viewOf = ({ left, limit, ...state }: ExitState): ExitView => ({
  ...state,
  hourlyBudget: limit,
  budgetLeft: left,
});
