import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceTerms } from '../../src/domain/traffic.ts';
import {
  answeredIn,
  bytesBySource,
  costPerThousandOf,
  lookAgainMs,
  paceAfter,
  sourceCostOf,
  sourceUsesOf,
  sumOfCosts,
  trafficOf,
} from '../../src/usage/traffic.ts';

describe('how far a month is', () => {
  it.each([
    [0, 'within'],
    [79, 'within'],
    [80, 'near'],
    [99, 'near'],
    [100, 'used up'],
    [101, 'used up'],
  ])('%i of 100 bytes are %s', (bytes, traffic) => {
    expect(trafficOf(bytes, 100)).toBe(traffic);
  });
});

describe('what others sent is looked at again', () => {
  it.each([
    ['in a second where nothing was sent', 1_000, 0, 1_000],
    ['in a second where no room is left', 0, 5, 1_000],
    ['in a second where more than 100 s are left', 101_000, 1, 1_000],
    ['in a hundredth of the time that is left', 50_000, 1, 500],
    ['in 50 ms at the soonest', 1_000, 1, 50],
  ])('%s', (_words, room, pace, expected) => expect(lookAgainMs(room, pace)).toBe(expected));

  it('before a hundredth of the room is gone, unless less than 5 s are left', () => {
    const amounts = { min: 1, max: 1e12 };
    fc.assert(
      fc.property(fc.integer(amounts), fc.integer(amounts), (room, bytesPerSecond) => {
        const pace = bytesPerSecond / 1_000;
        const ms = lookAgainMs(room, pace);
        expect(ms).toBeGreaterThanOrEqual(50);
        expect(ms).toBeLessThanOrEqual(1_000);
        if (room / pace >= 5_000) expect(ms * pace).toBeLessThanOrEqual((room / 100) * 1.000_001);
      }),
    );
  });
});

describe('the pace', () => {
  it.each([
    ['is what came, by the time it took', 0, 500, 250, 2],
    ['is never by less than a ms', 0, 500, 0, 500],
    ['is half forgotten in a second of nothing', 8, 0, 1_000, 4],
    ['and goes on to be', 8, 0, 3_000, 1],
    ['is that of the burst where it was faster', 8, 10, 1_000, 4],
    ['is the new one where that is faster', 8, 9_000, 1_000, 9],
    ['is not less than nothing where the sum is corrected', 0, -500, 1_000, 0],
  ])('%s', (_words, before, grown, inMs, expected) => expect(paceAfter(before, grown, inMs)).toBe(expected));
});

const row = (endpoint: string, bytesExit: number, more: object = {}) => ({
  ...{ day: '2026-06-01', endpoint, code: 'answered', calls: 2, charged: 0, bytesOut: 0, bytesExit },
  ...more,
});
const terms = new Map<string, SourceTerms>([
  ['dear', { pricePerGb: 10, gbPerMonth: null }],
  ['free', { pricePerGb: 0, gbPerMonth: null }],
  ['plain', { pricePerGb: null, gbPerMonth: 5 }],
]);
const priced = { pricePerGb: 2, terms: () => terms };
const unpriced = { pricePerGb: null, terms: () => terms };
const noPrice = { pricePerGb: null, terms: () => new Map([['plain', { pricePerGb: null, gbPerMonth: 5 }]]) };

describe('what it costs', () => {
  it.each([
    ['dear', 10, 10],
    ['free', 0, 0],
    ['plain', 2, null],
    ['gone from the list', 2, null],
  ])('a GB through %s is %d with a default, else %d', (source, withDefault, without) => {
    expect(sourceCostOf(priced, source, 1e9)).toBe(withDefault);
    expect(sourceCostOf(unpriced, source, 1e9)).toBe(without);
    expect(sourceCostOf(priced, source, 5e8)).toBe(withDefault / 2);
  });

  it('is added up by entry, in the order of their labels', () => {
    const rows = [
      row('plain', 1e9),
      row('dear', 1e8),
      row('plain', 5e8, { day: '2026-06-02', code: 'blocked' }),
    ];
    expect(sourceUsesOf(priced, rows)).toEqual([
      { source: 'dear', requests: 2, bytes: 1e8, cost: 1 },
      { source: 'plain', requests: 4, bytes: 1.5e9, cost: 3 },
    ]);
    expect([...bytesBySource(rows)]).toEqual([
      ['plain', 1.5e9],
      ['dear', 1e8],
    ]);
  });

  it('in all is what has a price; null where nothing has one', () => {
    const uses = [{ cost: 3 }, { cost: null }, { cost: 0.5 }];
    expect(sumOfCosts(unpriced, uses)).toBe(3.5);
    expect(sumOfCosts(priced, [])).toBe(0);
    expect(sumOfCosts(unpriced, [])).toBe(0);
    expect(sumOfCosts(noPrice, [{ cost: null }])).toBeNull();
    expect(sumOfCosts(noPrice, [{ cost: 3 }])).toBe(3);
    expect(sumOfCosts(noPrice, [])).toBeNull();
  });

  it('of 1,000 answered calls', () => {
    const rows = [row('getMeta', 0, { code: 'ok', calls: 40 }), row('getMeta', 0, { code: 'upstream_gone' })];
    expect(answeredIn([...rows, row('listTags', 0, { code: 'ok', calls: 10 })])).toBe(50);
    expect(costPerThousandOf(3, 50)).toBe(60);
    expect(costPerThousandOf(null, 50)).toBeNull();
    expect(costPerThousandOf(3, 0)).toBeNull();
    expect(costPerThousandOf(0, 5)).toBe(0);
  });
});
