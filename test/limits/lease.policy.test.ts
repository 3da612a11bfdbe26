import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockOf,
  dropSurplus,
  extend,
  type Lease,
  putBack,
  surplusOf,
  take,
  usedOf,
} from '../../src/limits/lease.ts';

const leaseOf = (counted: number, unused: number): Lease => ({
  accountId: 'a',
  period: '2026-06',
  counted,
  unused,
  block: 0,
});

describe('a lease', () => {
  it.each([
    [100, 1, 100_000, 0],
    [100, 0, 100_000, 100],
    [0, 0, 1_850, 3],
    [1_849, 0, 1_850, 1],
    [1_850, 0, 1_850, 0],
    [2_000, 0, 1_850, 0],
    [0, 0, 3, 1],
  ])('of %i counted, %i unused, in a month of %i takes %i more', (counted, unused, quota, block) =>
    expect(blockOf(leaseOf(counted, unused), quota)).toBe(block),
  );

  it('tells what was admitted', () => {
    expect(usedOf(leaseOf(100, 40))).toBe(60);
  });

  it('grows by its block, beside what is left of the one before', () => {
    const lease = leaseOf(100, 2);
    extend(lease, 10, 130);
    expect(lease).toMatchObject({ counted: 130, unused: 12 });
  });

  it('hands a call that came back to the next caller', () => {
    const lease = leaseOf(100, 0);
    putBack(lease);
    expect(lease).toMatchObject({ counted: 100, unused: 1 });
    expect(take(lease, 1_000)).toBe(true);
  });

  it('keeps a block of what came back, and no more', () => {
    const lease = leaseOf(0, 0);
    extend(lease, 3, 3);
    for (let i = 0; i < 3; i += 1) take(lease, 1_850);
    extend(lease, 3, 6);
    expect(surplusOf(lease)).toBe(0);
    for (let i = 0; i < 2; i += 1) putBack(lease);
    expect(surplusOf(lease)).toBe(2);
    dropSurplus(lease, 2);
    expect([lease.counted, lease.unused, usedOf(lease), surplusOf(lease)]).toEqual([4, 3, 1, 0]);
    take(lease, 1_850);
    expect(surplusOf(lease)).toBe(0);
  });

  it('hands out no call of a month that is used up, though one is leased', () => {
    const lease = leaseOf(100, 40);
    expect(take(lease, 60)).toBe(false);
    expect(take(lease, 61)).toBe(true);
    expect(lease.unused).toBe(39);
    expect(take(leaseOf(5, 0), 10)).toBe(false);
  });

  it('never counts less than was admitted, nor more than one block above it', () => {
    const move = fc.constantFrom('call' as const, 'refund' as const, 'crash' as const);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.array(move, { maxLength: 200 }), (quota, moves) => {
        let file = 0;
        let lease = leaseOf(0, 0);
        let admitted = 0;
        let crashes = 0;
        for (const what of moves) {
          if (what === 'crash') {
            crashes += 1;
            lease = leaseOf(file, 0);
          } else if (what === 'refund') {
            if (usedOf(lease) === 0 || admitted === 0) continue;
            putBack(lease);
            admitted -= 1;
          } else {
            const block = blockOf(lease, quota);
            file += block;
            if (block > 0) extend(lease, block, file);
            if (take(lease, quota)) admitted += 1;
          }
          expect(file).toBe(lease.counted);
          expect(usedOf(lease)).toBeGreaterThanOrEqual(admitted);
          expect(file).toBeLessThanOrEqual(Math.max(quota, file));
          expect(admitted).toBeLessThanOrEqual(quota);
        }
        const blocks = (crashes + 1) * Math.max(1, Math.floor(quota / 500));
        if (!moves.includes('refund')) expect(file - admitted).toBeLessThanOrEqual(blocks);
      }),
    );
  });
});
