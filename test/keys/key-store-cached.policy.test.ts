import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { FoundKey, KeyStore } from '../../src/keys/key-store.ts';
import { createCachedKeyStore } from '../../src/keys/key-store-cached.ts';

const acme: FoundKey = {
  account: { id: 'acme', name: 'acme', plan: 'pro', overrides: {}, suspended: false, expiresAtMs: null },
  keyId: 'key',
  endsAtMs: null,
};
const EPOCH = Date.parse('2026-06-15T12:00:00Z');
const AWAY = new Error('away');

/** A store whose answers a test gives by hand, and a clock that it moves. */
function setUp() {
  let nowMs = 0;
  const waiting: PromiseWithResolvers<FoundKey | null>[] = [];
  const store: KeyStore = {
    find: () => {
      const answer = Promise.withResolvers<FoundKey | null>();
      waiting.push(answer);
      return answer.promise;
    },
  };
  const clock: Clock = { now: () => EPOCH + nowMs, monotonic: () => nowMs, after: () => () => {} };
  const keys = createCachedKeyStore(store, clock);
  return {
    keys,
    find: (atMs = EPOCH) => keys.find('hash', atMs),
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** Answers the look-up that has waited longest. */
    answer: (found: FoundKey | null) => waiting.shift()?.resolve(found),
    fail: () => waiting.shift()?.reject(AWAY),
    /** Look-ups under way. */
    asked: () => waiting.length,
  };
}

describe('a cached key store', () => {
  it('asks once for a key within half a second, and again from then on', async () => {
    const { find, answer, asked, pass } = setUp();
    const first = find();
    pass(100);
    answer(acme);
    expect(await first).toBe(acme);
    pass(399);
    expect(await find()).toBe(acme);
    pass(1);
    const again = find();
    expect(asked()).toBe(1);
    answer(null);
    expect(await again).toBeNull();
  });

  it('asks each time for a key that is not there', async () => {
    const { find, answer } = setUp();
    for (let i = 0; i < 3; i += 1) {
      const finding = find();
      answer(null);
      expect(await finding).toBeNull();
    }
  });

  it('lets calls that come together share a hit', async () => {
    const { find, answer, asked } = setUp();
    const both = [find(), find()];
    expect(asked()).toBe(1);
    answer(acme);
    expect(await Promise.all(both)).toEqual([acme, acme]);
  });

  it('never shares a miss: the key may have been made since', async () => {
    const { find, answer, asked } = setUp();
    const [first, second] = [find(), find()];
    answer(null);
    expect(await first).toBeNull();
    await expect.poll(asked).toBe(1);
    answer(acme);
    expect(await second).toBe(acme);
  });

  it('shares no look-up that was sent half a second ago', async () => {
    const { find, answer, asked, pass } = setUp();
    const first = find();
    pass(499);
    const second = find();
    expect(asked()).toBe(1);
    pass(1);
    const third = find();
    expect(asked()).toBe(2);
    answer(acme);
    answer(null);
    expect(await Promise.all([first, second, third])).toEqual([acme, acme, null]);
  });

  it('an end is kept to the millisecond, cached or not', async () => {
    const { find, answer } = setUp();
    const finding = find();
    answer({ ...acme, endsAtMs: EPOCH + 10 });
    await finding;
    expect(await find(EPOCH + 9)).not.toBeNull();
    expect(await find(EPOCH + 10)).toBeNull();
  });

  it('a verified key outlives an outage for an hour; then, and for an unknown one, 503 and never 401', async () => {
    const { find, answer, fail, pass } = setUp();
    const verifying = find();
    answer(acme);
    await verifying;
    pass(3_599_999);
    const late = find();
    fail();
    expect(await late).toBe(acme);
    pass(1);
    const tooLate = find();
    fail();
    await expect(tooLate).rejects.toThrow(Failure);
    await expect(tooLate).rejects.toMatchObject({
      code: 'store_unavailable',
      retryAfterMs: 1_000,
      cause: AWAY,
    });
  });

  it('an outage told to one is told to those who shared its look-up', async () => {
    const { find, fail } = setUp();
    const both = [find(), find()];
    fail();
    for (const finding of both) await expect(finding).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('after a change made here, nothing that was asked before it is believed', async () => {
    const { keys, find, answer, asked } = setUp();
    const before = find();
    keys.forget('acme');
    const after = find();
    expect(asked()).toBe(2);
    answer(acme);
    answer({ ...acme, keyId: 'changed' });
    expect((await before)?.keyId).toBe('key');
    expect((await after)?.keyId).toBe('changed');
    expect((await find())?.keyId).toBe('changed');
  });
});
