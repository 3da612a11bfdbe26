import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairShare, isScarce, type Share } from '../../../src/egress/exits/fair-share.ts';
import { HOUR_MS } from './world.ts';

const MINUTE_MS = 60_000;
const payer = (accountId: string, weight = 1) => ({ accountId, weight });
const has = (taken: Share | { readonly restMs: number }): taken is Share => 'giveBack' in taken;
/** Calls that `account` gets at `nowMs` while calls are scarce. */
function gets(
  shares: FairShare,
  account: { accountId: string; weight: number },
  whole: number,
  nowMs: number,
) {
  let calls = 0;
  while (calls < 1_000 && has(shares.take(account, 0, whole, nowMs))) calls += 1;
  return calls;
}

describe('scarce', () => {
  it('is less than a fifth', () => {
    expect([isScarce(20, 100), isScarce(19, 100), isScarce(0, 0)]).toEqual([false, true, false]);
  });
});

describe('a fair share', () => {
  it('is not asked for while there is enough', () => {
    const shares = new FairShare();
    for (let i = 0; i < 500; i += 1) expect(has(shares.take(payer('a'), 20, 100, 0))).toBe(true);
  });

  it('is the whole hour for who is alone, and by weight for several', () => {
    expect(gets(new FairShare(), payer('a'), 100, 0)).toBe(100);
    const shares = new FairShare();
    shares.take(payer('free', 2), 50, 100, 0);
    shares.take(payer('pro', 20), 50, 100, 0);
    expect(gets(shares, payer('free', 2), 110, 0)).toBe(9);
    expect(gets(shares, payer('pro', 20), 110, 0)).toBe(99);
  });

  it('is granted to who has not called yet, however scarce', () => {
    const shares = new FairShare();
    gets(shares, payer('a'), 10, 0);
    expect(has(shares.take(payer('b'), 0, 10, 0))).toBe(true);
  });

  it('follows the weight of today', () => {
    const shares = new FairShare();
    shares.take(payer('a', 1), 50, 100, 0);
    shares.take(payer('b', 3), 50, 100, 0);
    expect(gets(shares, payer('a', 3), 100, 0)).toBe(49);
    expect(gets(shares, payer('b', 1), 100, 0)).toBe(24);
  });

  it('that is used says when it frees up: with the oldest minute’s calls, an hour after that minute', () => {
    const shares = new FairShare();
    for (const minute of [0, 0, 0, 5, 7]) shares.take(payer('a'), 50, 4, minute * MINUTE_MS + 30_000);
    const refused = shares.take(payer('a'), 0, 4, 10 * MINUTE_MS);
    expect(refused).toEqual({ restMs: 51 * MINUTE_MS });
    expect(has(shares.take(payer('a'), 0, 4, 61 * MINUTE_MS - 1))).toBe(false);
    expect(has(shares.take(payer('a'), 0, 4, 61 * MINUTE_MS))).toBe(true);
  });

  it('says the minute in which enough frees up, not the first', () => {
    const shares = new FairShare();
    for (const minute of [0, 5, 5, 7]) shares.take(payer('a'), 50, 2, minute * MINUTE_MS);
    expect(shares.take(payer('a'), 0, 2, 10 * MINUTE_MS)).toEqual({ restMs: 56 * MINUTE_MS });
  });

  it('is given back once, in the minute it was taken in', () => {
    const shares = new FairShare();
    const first = shares.take(payer('a'), 50, 2, 0);
    const second = shares.take(payer('a'), 50, 2, 2 * MINUTE_MS);
    expect(has(shares.take(payer('a'), 0, 2, 3 * MINUTE_MS))).toBe(false);
    if (has(first)) {
      first.giveBack();
      first.giveBack();
    }
    expect(gets(shares, payer('a'), 2, 3 * MINUTE_MS)).toBe(1);
    if (has(second)) second.giveBack();
    expect(gets(shares, payer('a'), 2, 3 * MINUTE_MS)).toBe(1);
  });

  it('given back an hour later takes nothing from anybody', () => {
    const shares = new FairShare();
    const first = shares.take(payer('a'), 50, 2, 0);
    gets(shares, payer('a'), 2, HOUR_MS + 2 * MINUTE_MS);
    if (has(first)) first.giveBack();
    expect(has(shares.take(payer('a'), 0, 2, HOUR_MS + 2 * MINUTE_MS))).toBe(false);
  });

  it('forgets who has not called for an hour, and keeps one number a minute', () => {
    const shares = new FairShare();
    for (let i = 0; i < 1_000; i += 1) shares.take(payer(`once-${i}`, 9), 50, 100, 0);
    expect(gets(shares, payer('a'), 100, HOUR_MS + MINUTE_MS - 1)).toBeLessThanOrEqual(1);
    expect(gets(shares, payer('b'), 100, HOUR_MS + MINUTE_MS)).toBe(50);
  });

  it('never lets an account above its part of the hour while others call, by any history', () => {
    const call = fc.record({
      account: fc.nat({ max: 3 }),
      stepMs: fc.nat({ max: 400_000 }),
      back: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 120, size: 'max' }), (calls) => {
        const shares = new FairShare();
        const taken: { account: number; minute: number }[] = [];
        let nowMs = 0;
        for (const { account, stepMs, back } of calls) {
          nowMs += stepMs;
          const minute = Math.floor(nowMs / MINUTE_MS);
          const recent = taken.filter((each) => each.minute >= minute - 60);
          const weights = new Set(recent.map((each) => each.account).concat(account));
          const weight = [...weights].reduce((sum, each) => sum + each + 1, 0);
          const own = recent.filter((each) => each.account === account).length;
          const share = shares.take(payer(`a${account}`, account + 1), 0, 12, nowMs);
          expect(has(share)).toBe(own === 0 || own < (12 * (account + 1)) / weight);
          if (!has(share)) continue;
          if (back) share.giveBack();
          else taken.push({ account, minute });
        }
      }),
    );
  });
});
