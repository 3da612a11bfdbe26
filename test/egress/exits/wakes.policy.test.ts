import { describe, expect, it } from 'vitest';
import { count, hold, markSpent } from '../../../src/egress/exits/budget.ts';
import { HEALTHY } from '../../../src/egress/exits/health.ts';
import { Member } from '../../../src/egress/exits/member.ts';
import { restingWakeMs, usableWakeMs, Wakes } from '../../../src/egress/exits/wakes.ts';
import { fakeSource, HOUR_MS } from './world.ts';

const NOW_MS = 5_000_000;
const NEVER = Number.POSITIVE_INFINITY;

const member = (id = 'a', many = false) =>
  new Member(
    fakeSource(id, { many }),
    { origin: 'https://api.bitbucket.org', hourlyBudget: 2, sessionLifetimeMs: 100_000 },
    NOW_MS,
    () => {},
  );

describe('wakes', () => {
  it('come in the order of their moments, once each', () => {
    const wakes = new Wakes();
    const [a, b, c] = [member('a'), member('b'), member('c')] as const;
    expect([wakes.nextMs(), wakes.take(NOW_MS)]).toEqual([NEVER, undefined]);
    wakes.set(a, 30);
    wakes.set(b, 10);
    wakes.set(c, 20);
    expect([wakes.nextMs(), wakes.take(9)]).toEqual([10, undefined]);
    expect([wakes.take(10), b.wakesAtMs, wakes.nextMs()]).toEqual([b, NEVER, 20]);
    expect([wakes.take(99), wakes.take(99), wakes.take(99), wakes.nextMs()]).toEqual([
      c,
      a,
      undefined,
      NEVER,
    ]);
  });

  it('that were set anew come at the new moment alone, earlier or later', () => {
    const wakes = new Wakes();
    const [a, b] = [member('a'), member('b')];
    wakes.set(a, 10);
    wakes.set(a, 30);
    wakes.set(b, 40);
    wakes.set(b, 20);
    expect([wakes.nextMs(), wakes.take(99), wakes.take(99), wakes.take(99)]).toEqual([20, b, a, undefined]);
  });

  it('that were called off do not come, and may be set again', () => {
    const wakes = new Wakes();
    const a = member('a');
    wakes.set(a, 10);
    wakes.set(a, NEVER);
    expect([wakes.nextMs(), wakes.take(NEVER)]).toEqual([NEVER, undefined]);
    wakes.set(a, 10);
    expect([wakes.take(99), wakes.take(99)]).toEqual([a, undefined]);
  });

  it('set to the same moment twice come once', () => {
    const wakes = new Wakes();
    const a = member('a');
    wakes.set(a, 10);
    wakes.set(a, 10);
    expect(wakes.take(99)).toBe(a);
    wakes.set(a, 10);
    expect([wakes.take(99), wakes.take(99)]).toEqual([a, undefined]);
  });
});

describe('one in use is looked at', () => {
  it('when a call is an hour old, but no sooner than a second after the last look', () => {
    const a = member();
    expect(usableWakeMs(a, NOW_MS)).toBe(NEVER);
    hold(a.budget);
    count(a.budget, NOW_MS - HOUR_MS + 5_000);
    expect(usableWakeMs(a, NOW_MS)).toBe(NOW_MS + 5_000);
    expect(usableWakeMs(a, NOW_MS + 4_500)).toBe(NOW_MS + 5_500);
  });

  it('when its session ends', () => {
    const session = member('s', true);
    expect(usableWakeMs(session, NOW_MS)).toBe(NOW_MS + 90_000);
  });

  it('at the moment that was set already, where that comes first and has not passed', () => {
    const a = member();
    hold(a.budget);
    count(a.budget, NOW_MS - HOUR_MS + 5_000);
    a.wakesAtMs = NOW_MS + 2_000;
    expect(usableWakeMs(a, NOW_MS)).toBe(NOW_MS + 2_000);
    expect(usableWakeMs(a, NOW_MS + 2_000)).toBe(NOW_MS + 5_000);
    a.wakesAtMs = NOW_MS + 9_000;
    expect(usableWakeMs(a, NOW_MS)).toBe(NOW_MS + 5_000);
  });
});

describe('one out of use is looked at exactly when it may be used again:', () => {
  it.each([
    ['spent', 'healthy', NEVER, 90_000, null, 90_000],
    ['ejected', 'ejected', 7_000, 0, null, 7_000],
    ['ejected and spent', 'ejected', 7_000, 90_000, null, 90_000],
    ['its probe is under way', 'ejected', -3, 0, null, 1_000],
    ['its probe begins now', 'ejected', 0, 0, null, 1_000],
    ['its credential rests', 'healthy', NEVER, 0, 60_000, 60_000],
    ['its credential rests longer than it', 'ejected', 7_000, 3_000, 60_000, 60_000],
    ['set aside by hand', 'set_aside', NEVER, 0, null, NEVER],
    ['it may be used again at once', 'healthy', NEVER, 0, null, 1],
    ['its credential has rested', 'healthy', NEVER, 0, -5, 1],
  ] as const)('%s', (_name, state, probeInMs, spentMs, restsMs, inMs) => {
    const a = member();
    a.health = { ...HEALTHY, state, probeAtMs: NOW_MS + probeInMs };
    if (spentMs > 0) markSpent(a.budget, spentMs, NOW_MS);
    expect(restingWakeMs(a, restsMs === null ? null : NOW_MS + restsMs, NOW_MS)).toBe(NOW_MS + inMs);
  });

  it('at the end of its session where that comes first', () => {
    const session = member('s', true);
    session.health = { ...HEALTHY, state: 'ejected', probeAtMs: NOW_MS + 200_000 };
    expect(restingWakeMs(session, null, NOW_MS)).toBe(NOW_MS + 90_000);
  });
});
