import { describe, expect, it } from 'vitest';
import { exhausted, storeAway } from '../../../src/egress/exits/exhausted.ts';
import { remainingSaid, restSaid } from '../../../src/egress/exits/said.ts';

const NOW_MS = Date.parse('2026-11-24T12:00:00Z');

describe('how long a 429 asks to rest', () => {
  it.each([
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': ' 120 ' }, 120_000],
    [{ 'retry-after': '120', 'x-ratelimit-reset': '7' }, 120_000],
    [{ 'x-ratelimit-reset': '7' }, 7_000],
    [{ 'retry-after': '1800' }, 1_800_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT' }, 90_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT' }, 1_000],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after': '9'.repeat(400) }, 3_600_000],
    [{ 'retry-after': 'Fri, 24 Nov 2090 11:00:00 GMT' }, 3_600_000],
    [{ 'retry-after': 'soon' }, 60_000],
    [{ 'retry-after': 'soon', 'x-ratelimit-reset': '5' }, 5_000],
    [{}, 60_000],
  ])('%j: %i ms', (headers, restMs) => {
    expect(restSaid(headers, NOW_MS)).toBe(restMs);
  });
});

describe('what is left of an address’s hour', () => {
  it.each([
    [{}, null],
    [{ 'x-ratelimit-remaining': 'many' }, null],
    [{ 'x-ratelimit-remaining': '-1' }, null],
    [{ 'x-ratelimit-remaining': '12345678901' }, null],
    [{ 'x-ratelimit-remaining': '12' }, { calls: 12, resetMs: 3_600_000 }],
    [
      { 'x-ratelimit-remaining': ' 12, 12;w=3600', 'x-ratelimit-reset': '600' },
      { calls: 12, resetMs: 600_000 },
    ],
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999' },
      { calls: 0, resetMs: 3_600_000 },
    ],
  ])('%j: %j', (headers, said) => {
    expect(remainingSaid(headers as Record<string, string>, NOW_MS)).toEqual(said);
  });
});

describe('a refusal', () => {
  it('waits a second at least, and an hour where nobody can say', () => {
    expect(exhausted('exits', 0)).toMatchObject({ code: 'exits_exhausted', retryAfterMs: 1_000 });
    expect(exhausted('exits', 1_500).retryAfterMs).toBe(1_500);
    expect(exhausted('exits', Number.POSITIVE_INFINITY).retryAfterMs).toBe(3_600_000);
    expect(exhausted('ceiling', 1).message).toContain('in this hour are used up');
    expect(exhausted('share', 1).message).toContain('your share');
    for (const what of ['exits', 'ceiling', 'share'] as const)
      expect(exhausted(what, 1).message).toMatch(/Wait as long as Retry-After says\.$/);
    expect(storeAway('why')).toMatchObject({ code: 'store_unavailable', retryAfterMs: 1_000, cause: 'why' });
    expect(storeAway('why').message).toContain('cannot be counted');
  });
});
