import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyCache, FRESH_MS, type LookUp, OUTAGE_MS } from '../../src/keys/key-cache.ts';
import type { FoundKey } from '../../src/keys/key-store.ts';

const found = (accountId: string, keyId = 'key'): FoundKey => ({
  account: {
    id: accountId,
    name: accountId,
    plan: 'pro',
    overrides: {},
    suspended: false,
    expiresAtMs: null,
  },
  keyId,
  endsAtMs: null,
});
const acme = found('acme');
const NOW = 10_000;

describe('a hit', () => {
  it('is fresh for half a second and verified for an hour, both from when its look-up was sent', () => {
    const cache = createKeyCache(10);
    const lookUp = cache.begin('k', NOW);
    expect(cache.fresh('k', NOW)).toBeNull();
    cache.end(lookUp, acme);
    expect([FRESH_MS, OUTAGE_MS]).toEqual([500, 3_600_000]);
    expect(cache.fresh('k', NOW + 499)).toBe(acme);
    expect(cache.fresh('k', NOW + 500)).toBeNull();
    expect(cache.verified('k', NOW + 3_599_999)).toBe(acme);
    expect(cache.verified('k', NOW + 3_600_000)).toBeNull();
    expect(cache.verified('other', NOW)).toBeNull();
  });

  it('takes the place of an earlier one, whichever is answered first', () => {
    const cache = createKeyCache(10);
    const [first, second] = [cache.begin('k', NOW), cache.begin('k', NOW + 1)];
    const newer = found('acme', 'newer');
    cache.end(second, newer);
    cache.end(first, acme);
    expect(cache.fresh('k', NOW + 499)).toBe(newer);
    expect(cache.fresh('k', NOW + 500)).toBe(newer);
    expect(cache.fresh('k', NOW + 501)).toBeNull();
  });
});

describe('a miss', () => {
  it('drops what was found before', () => {
    const cache = createKeyCache(10);
    cache.end(cache.begin('k', NOW), acme);
    cache.end(cache.begin('k', NOW + 1), null);
    expect(cache.verified('k', NOW + 1)).toBeNull();
  });

  it('is not kept: the next hit stands', () => {
    const cache = createKeyCache(10);
    cache.end(cache.begin('k', NOW), null);
    cache.end(cache.begin('k', NOW), acme);
    expect(cache.fresh('k', NOW)).toBe(acme);
  });

  it('overtaken by a later hit changes nothing', () => {
    const cache = createKeyCache(10);
    const [first, second] = [cache.begin('k', NOW), cache.begin('k', NOW)];
    cache.end(second, acme);
    cache.end(first, null);
    expect(cache.fresh('k', NOW)).toBe(acme);
  });

  it('is not undone by a hit that was sent earlier', () => {
    const cache = createKeyCache(10);
    const [first, second] = [cache.begin('k', NOW), cache.begin('k', NOW)];
    cache.end(second, null);
    cache.end(first, acme);
    expect(cache.verified('k', NOW)).toBeNull();
  });
});

describe('no answer', () => {
  it('changes nothing, and does not stand against an answer to an earlier look-up', () => {
    const cache = createKeyCache(10);
    const [first, second] = [cache.begin('k', NOW), cache.begin('k', NOW + 1)];
    cache.end(second, undefined);
    cache.end(first, acme);
    expect(cache.fresh('k', NOW)).toBe(acme);
    cache.end(cache.begin('k', NOW + 2), undefined);
    expect(cache.verified('k', NOW + 2)).toBe(acme);
  });
});

describe('a change made here', () => {
  it('drops the keys of its account and no others', () => {
    const cache = createKeyCache(10);
    const other = found('other');
    cache.end(cache.begin('k1', NOW), acme);
    cache.end(cache.begin('k2', NOW), acme);
    cache.end(cache.begin('k3', NOW), other);
    cache.forget('acme');
    expect([cache.verified('k1', NOW), cache.verified('k2', NOW)]).toEqual([null, null]);
    expect(cache.fresh('k3', NOW)).toBe(other);
  });

  it('is not undone by what was on its way, and what is sent after it is kept', () => {
    const cache = createKeyCache(10);
    const before = cache.begin('k', NOW);
    cache.forget('acme');
    cache.end(before, acme);
    expect(cache.fresh('k', NOW)).toBeNull();
    cache.end(cache.begin('k', NOW), acme);
    expect(cache.fresh('k', NOW)).toBe(acme);
  });
});

it('the key asked for least lately goes first when there are too many', () => {
  const cache = createKeyCache(2);
  for (const key of ['k1', 'k2']) cache.end(cache.begin(key, NOW), acme);
  cache.fresh('k1', NOW);
  cache.end(cache.begin('k3', NOW), acme);
  expect(['k1', 'k2', 'k3'].map((key) => cache.fresh(key, NOW) !== null)).toEqual([true, false, true]);
});

it('remembers of a key that is not there only while it is looked up', () => {
  const cache = createKeyCache(2);
  const lookUps = ['k1', 'k1', 'k1', 'k2'].map((key) => cache.begin(key, NOW));
  const asking = lookUps.map((lookUp, i) => {
    cache.end(lookUp, [null, undefined, acme, null][i]);
    return cache.asking;
  });
  expect(asking).toEqual([2, 2, 1, 0]);
});

it('over any history: what is told was true when a look-up was sent, lately, and not before a change made here', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('send' as const), key: fc.nat(1) }),
      fc.record({ kind: fc.constant('answer' as const), at: fc.nat(9) }),
      fc.record({ kind: fc.constant('lose' as const), at: fc.nat(9) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('revoke' as const), key: fc.nat(1) }),
      fc.record({ kind: fc.constant('restore' as const), key: fc.nat(1) }),
      fc.record({ kind: fc.constant('forget' as const), key: fc.nat(1) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (history) => {
      const cache = createKeyCache(100);
      let nowMs = 0;
      const keys = [0, 1].map((i) => ({ hash: `k${i}`, good: true, revokedAtMs: -1, forgottenGone: false }));
      const waiting: { lookUp: LookUp; truth: FoundKey | null }[] = [];
      const take = (at: number) => waiting.splice(at % Math.max(1, waiting.length), 1)[0];
      for (const step of history) {
        if (step.kind === 'pass') nowMs += step.ms;
        else if (step.kind === 'answer' || step.kind === 'lose') {
          const asked = take(step.at);
          if (asked !== undefined) cache.end(asked.lookUp, step.kind === 'lose' ? undefined : asked.truth);
        } else {
          const key = keys[step.key] ?? keys[0];
          if (key === undefined) return;
          if (step.kind === 'send')
            waiting.push({
              lookUp: cache.begin(key.hash, nowMs),
              truth: key.good ? found(`a${step.key}`) : null,
            });
          else if (step.kind === 'restore') key.good = true;
          else if (step.kind === 'revoke' && key.good) {
            key.good = false;
            key.revokedAtMs = nowMs;
          } else if (step.kind === 'forget') {
            cache.forget(`a${step.key}`);
            expect(cache.verified(key.hash, nowMs)).toBeNull();
            key.forgottenGone = !key.good;
          }
        }
        for (const key of keys) {
          if (key.good) key.forgottenGone = false;
          if (key.good) continue;
          if (nowMs >= key.revokedAtMs + FRESH_MS) expect(cache.fresh(key.hash, nowMs)).toBeNull();
          if (key.forgottenGone) expect(cache.verified(key.hash, nowMs)).toBeNull();
        }
      }
    }),
    { numRuns: 500 },
  );
});
