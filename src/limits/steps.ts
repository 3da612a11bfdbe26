import { hear } from './counts.ts';
import type { Fleet, StepAnswer, StepAsk } from './fleet.ts';
import type { Month, Months } from './months.ts';
import { periodOf } from './period.ts';

/** Steps of the fleet, with what each means for the month it was for. */
export interface Steps {
  /**
   * One step; `build` is called for the month that is now when it is written. Rejects when the store is away; how
   * such a step ended is found out later.
   */
  ask(accountId: string, build: (month: Month) => StepAsk): Promise<StepAnswered>;
  /** The month that is now, by the store's clock. */
  monthNow(accountId: string): Month;
}

export interface StepAnswered {
  readonly month: Month;
  readonly answer: StepAnswer;
}

/** `changed` is called when an answer came after its verdict, as there may be something to tell again. */
export function createSteps(fleet: Fleet, months: Months, changed: () => void): Steps {
  const monthNow = (accountId: string) => months.open(accountId, periodOf(fleet.nowMs(accountId)));
  const monthOf = ({ accountId, period }: StepAsk) => months.open(accountId, period);

  const takeIn = (asked: StepAsk, answer: StepAnswer, late: boolean): Month => {
    const month = monthOf(asked);
    hear(month.counts, asked.told, answer, late);
    months.hear(month);
    months.settle(month);
    if (!month.isNoted && answer.used > 0) note(month);
    return month;
  };

  const note = (month: Month) => {
    month.isNoted = true;
    fleet.note(month.accountId, month.period).catch(() => {
      month.isNoted = false;
    });
  };

  return {
    monthNow,
    ask: async (accountId, build) => {
      let asked: StepAsk | undefined;
      const building = () => {
        asked = build(monthNow(accountId));
        return asked;
      };
      const late = (lateAsk: StepAsk, answer: StepAnswer) => {
        takeIn(lateAsk, answer, true);
        changed();
      };
      try {
        const answer = await fleet.step(accountId, building, late);
        if (asked === undefined) throw new Error('an answer to nothing asked');
        return { answer, month: takeIn(asked, answer, false) };
      } catch (cause) {
        if (asked !== undefined) months.lose(monthOf(asked));
        throw cause;
      }
    },
  };
}
