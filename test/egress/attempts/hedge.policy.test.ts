import { describe, expect, it } from 'vitest';
import { within } from '../../../src/domain/clock.ts';
import { Failure } from '../../../src/domain/failure.ts';
import { decisive, patienceOf } from '../../../src/egress/attempts/hedge.ts';
import type { Verdict } from '../../../src/egress/attempts/verdict.ts';
import { createVirtualClock } from '../../virtual-clock.ts';

const failure = new Failure('upstream_failed', 'x');
const answer: Verdict = { kind: 'answer', value: 1 };
const refusal: Verdict = { kind: 'refusal', failure };
const redirect: Verdict = { kind: 'redirect', location: '/x' };
const atOnce: Verdict = { kind: 'elsewhere', when: 'at once', why: 'unreached', failure };
const afterJitter: Verdict = { kind: 'elsewhere', when: 'after jitter', why: 'failed', failure };
const never = new Promise<Verdict>(() => {});

describe('patience', () => {
  it.each([
    [10_000, 200, true, 200, 'hedges'],
    [10_000, 200, false, 3_000, 'retries'],
    [10_000, undefined, true, 3_000, 'retries'],
    [10_000, 3_000, true, 3_000, 'retries'],
    [10_000, 2_999, true, 2_999, 'hedges'],
    [10_000, 5_000, true, 3_000, 'retries'],
    [1, undefined, true, 1, 'retries'],
    [0, 0.5, true, 0.5, 'hedges'],
  ] as const)(
    'with %s ms left, p95 %s, hedges %s: %s ms, paid from %s',
    (leftMs, p95Ms, canHedge, ms, from) => {
      expect(patienceOf(leftMs, p95Ms, canHedge)).toEqual({ ms, from });
    },
  );

  it('ends with a verdict or with its time', async () => {
    const clock = createVirtualClock();
    expect(await within(clock, 100, Promise.resolve(answer))).toBe(answer);
    let came: unknown = 'nothing yet';
    const waiting = within(clock, 100, never).then((verdict) => {
      came = verdict;
    });
    await clock.pass(99);
    expect(came).toBe('nothing yet');
    await clock.pass(1);
    await waiting;
    expect(came).toBeUndefined();
  });
});

it('patience that a verdict ended leaves no timer behind', async () => {
  let waiting = 0;
  const clock = {
    ...createVirtualClock(),
    after: () => {
      waiting += 1;
      return () => {
        waiting -= 1;
      };
    },
  };
  await within(clock, 100, Promise.resolve(answer));
  await Promise.resolve();
  expect(waiting).toBe(0);
});

describe('verdicts race', () => {
  it.each([
    ['an answer', answer],
    ['a refusal', refusal],
    ['a redirect', redirect],
  ])('%s wins at once, whoever is still silent', async (_name, verdict) => {
    expect(await decisive([Promise.resolve(verdict), never])).toBe(verdict);
    expect(await decisive([never, Promise.resolve(verdict)])).toBe(verdict);
  });

  it('what only says to ask elsewhere waits for the other, first or second', async () => {
    const later = new Promise<Verdict>((resolve) => setImmediate(resolve, answer));
    expect(await decisive([Promise.resolve(afterJitter), later])).toBe(answer);
    expect(await decisive([later, Promise.resolve(atOnce)])).toBe(answer);
  });

  it('if all say so, patience wins over haste', async () => {
    expect(await decisive([Promise.resolve(atOnce), Promise.resolve(afterJitter)])).toBe(afterJitter);
    expect(await decisive([Promise.resolve(afterJitter), Promise.resolve(atOnce)])).toBe(afterJitter);
    expect(await decisive([Promise.resolve(atOnce)])).toBe(atOnce);
  });

  it('a fault of ours is not swallowed', async () => {
    await expect(decisive([Promise.reject(new TypeError('x')), never])).rejects.toThrow('x');
  });
});
