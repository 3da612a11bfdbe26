import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitHeadersOf } from '../../src/limits/limit-headers.ts';
import {
  boundsOfMonth,
  periodBefore,
  periodEndMs,
  periodOf,
  periodSeconds,
} from '../../src/limits/period.ts';

const at = (iso: string) => Date.parse(iso);

describe('the month', () => {
  it.each([
    ['2026-01-31T23:59:59.999Z', '2026-01', '2026-02-01T00:00:00Z', 31],
    ['2026-02-01T00:00:00Z', '2026-02', '2026-03-01T00:00:00Z', 28],
    ['2026-01-01T00:00:00Z', '2026-01', '2026-02-01T00:00:00Z', 31],
    ['2028-02-29T12:00:00Z', '2028-02', '2028-03-01T00:00:00Z', 29],
    ['2027-02-28T23:59:59Z', '2027-02', '2027-03-01T00:00:00Z', 28],
    ['2026-12-31T23:59:59Z', '2026-12', '2027-01-01T00:00:00Z', 31],
    ['2026-06-30T00:00:00+02:00', '2026-06', '2026-07-01T00:00:00Z', 30],
    ['2026-07-01T01:00:00+02:00', '2026-06', '2026-07-01T00:00:00Z', 30],
  ])('of %s is %s', (moment, period, end, days) => {
    expect([periodOf(at(moment)), periodEndMs(at(moment)), periodSeconds(at(moment))]).toEqual([
      period,
      at(end),
      days * 86_400,
    ]);
    expect(boundsOfMonth(period)).toEqual({ startMs: at(`${period}-01T00:00:00Z`), endMs: at(end) });
  });

  it('of any moments in any order, to the edges', () => {
    const month = fc.integer({ min: 0, max: 12_000 });
    const edge = fc.constantFrom(0, 1, -1);
    fc.assert(
      fc.property(fc.array(fc.tuple(month, edge)), (moments) => {
        for (const [number, off] of moments) {
          const atMs = Date.UTC(1970, number) + off;
          const of = number + (off < 0 ? -1 : 0);
          expect(periodEndMs(atMs)).toBe(Date.UTC(1970, of + 1));
          expect(periodSeconds(atMs)).toBe((Date.UTC(1970, of + 1) - Date.UTC(1970, of)) / 1_000);
        }
      }),
    );
  });

  it('before January is December', () => {
    expect([periodBefore('2027-01'), periodBefore('2026-12')]).toEqual(['2026-12', '2026-11']);
  });
});

it('headers as the field and the draft write them', () => {
  const headers = limitHeadersOf({
    rate: { limit: 2, remaining: 1, resetMs: 400 },
    quota: { limit: 1_850, remaining: 7 },
    atMs: at('2026-02-28T23:59:58.500Z'),
  });
  expect(headers).toEqual({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': '1',
    'x-quota-limit': '1850',
    'x-quota-remaining': '7',
    'x-quota-reset': '2',
    'ratelimit-policy': '"second";q=2;w=1, "month";q=1850;w=2419200',
    ratelimit: '"second";r=1;t=1, "month";r=7;t=2',
  });
});
