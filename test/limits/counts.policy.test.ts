import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Counts,
  giveBack,
  hear,
  isUntold,
  newCounts,
  serveAway,
  type Told,
  toldOf,
} from '../../src/limits/counts.ts';
import { grantOf } from '../../src/limits/grant.ts';

/** A store of one account as its script keeps it, with other gateways in `others`. */
function createStore(quota: number, others = 0) {
  let kept = { spent: 0, refunded: 0 };
  return {
    step: (told: Told, calls: number) => {
      kept = {
        spent: Math.max(kept.spent, told.spent),
        refunded: Math.max(kept.refunded, told.refunded),
      };
      const granted = Math.max(0, Math.min(calls, quota - others - kept.spent + kept.refunded));
      kept.spent += granted;
      return { ...kept, used: others + kept.spent - kept.refunded, granted };
    },
    used: () => others + kept.spent - kept.refunded,
    snapshot: () => ({ ...kept }),
    forget: (to: typeof kept) => {
      kept = { ...to };
    },
  };
}

describe('the grant', () => {
  it.each([
    [1, 1],
    [999, 1],
    [1_000, 2],
    [1_850, 3],
    [49_999, 99],
    [50_000, 100],
    [1_260_000, 100],
  ])('of %i calls a month is %i', (quota, grant) => expect(grantOf(quota)).toBe(grant));

  it('serves so many and no more until the store has heard, and refunds do not use it up', () => {
    const counts = newCounts(5);
    expect([serveAway(counts, 2), serveAway(counts, 2), serveAway(counts, 2)]).toEqual([true, true, false]);
    expect(counts).toMatchObject({ spent: 2, used: 7, debt: 2 });
    giveBack(counts);
    giveBack(counts);
    expect(counts).toMatchObject({ refunded: 2, used: 5, debt: 2 });
    expect(serveAway(counts, 2)).toBe(false);
    hear(counts, toldOf(counts), { spent: 2, refunded: 2, used: 5, granted: 0 }, false);
    expect(counts.debt).toBe(0);
    expect(serveAway(counts, 2)).toBe(true);
  });

  it('stays used for what was served after the telling', () => {
    const counts = newCounts();
    serveAway(counts, 3);
    const told = toldOf(counts);
    serveAway(counts, 3);
    hear(counts, told, { spent: 1, refunded: 0, used: 1, granted: 0 }, true);
    expect(counts).toMatchObject({ debt: 1, spent: 2, used: 2 });
    expect(isUntold(counts)).toBe(true);
  });
});

describe('own counts', () => {
  it('take in what was granted', () => {
    const counts = newCounts();
    hear(counts, toldOf(counts), { spent: 3, refunded: 0, used: 10, granted: 3 }, false);
    expect(counts).toMatchObject({ spent: 3, refunded: 0, used: 10 });
    expect(isUntold(counts)).toBe(false);
  });

  it('give back what was granted when its callers had been refused', () => {
    const counts = newCounts();
    hear(counts, toldOf(counts), { spent: 3, refunded: 0, used: 10, granted: 3 }, true);
    expect(counts).toMatchObject({ spent: 3, refunded: 3, used: 7 });
    expect(isUntold(counts)).toBe(true);
  });

  it('give back what a lost step was granted, when they hear of it with the next', () => {
    const counts = newCounts();
    hear(counts, toldOf(counts), { spent: 3, refunded: 0, used: 3, granted: 1 }, false);
    expect(counts).toMatchObject({ spent: 3, refunded: 2, used: 1 });
  });

  it('keep a refund that came while the step was under way', () => {
    const counts = newCounts();
    hear(counts, toldOf(counts), { spent: 2, refunded: 0, used: 2, granted: 2 }, false);
    const told = toldOf(counts);
    giveBack(counts);
    hear(counts, told, { spent: 3, refunded: 0, used: 3, granted: 1 }, false);
    expect(counts).toMatchObject({ spent: 3, refunded: 1, used: 2 });
    expect(isUntold(counts)).toBe(true);
  });

  it('hold over any order of calls, lost steps, late answers, failovers, refunds and outages', () => {
    const move = fc.oneof(
      fc.record({ kind: fc.constant('calls' as const), calls: fc.integer({ min: 1, max: 5 }) }),
      fc.record({
        kind: fc.constant('lost' as const),
        calls: fc.integer({ min: 1, max: 5 }),
        runs: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('late' as const),
        calls: fc.integer({ min: 1, max: 5 }),
        away: fc.nat(3),
      }),
      fc.constant({ kind: 'away' as const }),
      fc.constant({ kind: 'refund' as const }),
      fc.constant({ kind: 'failover' as const }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(move, { maxLength: 60 }), (quota, moves) => {
        const store = createStore(quota);
        const counts: Counts = newCounts();
        const grant = 2;
        let admitted = 0;
        let given = 0;
        let replica = store.snapshot();
        for (const m of moves) {
          const told = toldOf(counts);
          if (m.kind === 'calls') {
            const heard = store.step(told, m.calls);
            hear(counts, told, heard, false);
            admitted += heard.granted;
            expect(admitted - given).toBeLessThanOrEqual(Math.max(quota, 0) + grant);
            replica = store.snapshot();
          } else if (m.kind === 'lost') {
            if (m.runs) store.step(told, m.calls);
          } else if (m.kind === 'late') {
            for (let i = 0; i < m.away; i += 1)
              if (counts.used < quota && serveAway(counts, grant)) admitted += 1;
            hear(counts, told, store.step(told, m.calls), true);
          } else if (m.kind === 'away') {
            if (counts.used < quota && serveAway(counts, grant)) admitted += 1;
          } else if (m.kind === 'refund') {
            if (given >= admitted) continue;
            given += 1;
            giveBack(counts);
          } else store.forget(replica);
          expect(counts.debt).toBeLessThanOrEqual(grant);
        }
        // What is owed is told twice: the first telling may find what a lost step left to give back.
        for (let i = 0; i < 2; i += 1) {
          const told = toldOf(counts);
          hear(counts, told, store.step(told, 0), false);
        }
        expect(isUntold(counts)).toBe(false);
        expect(store.used()).toBe(admitted - given);
        expect(counts.used).toBe(admitted - given);
      }),
      { numRuns: 500 },
    );
  });
});
