import { describe, expect, it } from 'vitest';
import { leftOf } from '../../../src/egress/exits/budget.ts';
import { createLessons } from '../../../src/egress/exits/lessons.ts';
import { Member } from '../../../src/egress/exits/member.ts';
import type { AttemptEnd } from '../../../src/egress/exits/port.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { answered, fakeSource, HOUR_MS, LOCKED, REFUSED, SILENT, sent, unsent } from './world.ts';

/** One exit of ten calls, and what was learnt of it in which order. */
function createClass() {
  const clock = createVirtualClock();
  const learnt: unknown[] = [];
  const member = new Member(
    fakeSource('a'),
    { origin: 'https://api.bitbucket.org', hourlyBudget: 10, sessionLifetimeMs: 540_000 },
    clock.monotonic(),
    () => {},
  );
  const learn = createLessons({
    clock,
    roster: { settled: (_member, nowMs) => void learnt.push(['settled', nowMs - clock.monotonic()]) },
    keeper: {
      note: (_member, event) => void learnt.push(event),
      noteFault: (_member, fault, event) => void learnt.push([fault.verdict, event]),
      noteTrusted: () => void learnt.push('trusted'),
    },
    spent: (_member, forMs) => void learnt.push(['spent', forMs]),
  });
  const takenAtMs = clock.monotonic();
  const left = () => leftOf(member.budget, clock.monotonic());
  return { clock, learnt, member, left, end: (how: AttemptEnd) => learn(member, how, takenAtMs) };
}

const SETTLED = ['settled', 0];
const blocked = (headers: Record<string, string> = {}): AttemptEnd => ({
  kind: 'blocked',
  headers,
  latencyMs: 5,
});

describe('an answer', () => {
  it('says that tunnel and exit work, and how quick they are', () => {
    const { learnt, member, left, end } = createClass();
    end(answered(200, {}, 80));
    expect(learnt).toEqual(['trusted', { kind: 'answered' }, SETTLED]);
    expect([member.latencyMs, left()]).toEqual([80, 10]);
  });

  it.each([
    [200, true],
    [304, true],
    [404, true],
    [408, false],
    [429, false],
    [499, true],
    [500, false],
    [503, false],
  ])('of status %i counts as quick: %s', (status, counts) => {
    const { member, end } = createClass();
    end(answered(status, {}, 80));
    expect(member.latencyMs).toBe(counts ? 80 : null);
  });

  it('429 spends the exit for as long as it says, which the store is told; no other status does', () => {
    const { clock, learnt, member, left, end } = createClass();
    end(answered(500, { 'retry-after': '90' }));
    expect(left()).toBe(10);
    learnt.splice(0);
    end(answered(429, { 'retry-after': '90' }));
    expect(learnt).toEqual([['spent', 90_000], 'trusted', { kind: 'answered' }, SETTLED]);
    expect([left(), member.budget.spentUntilMs - clock.monotonic()]).toEqual([0, 90_000]);
  });

  it('with a date in Retry-After is read by the calendar', () => {
    const { clock, learnt, end } = createClass();
    end(answered(429, { 'retry-after': new Date(clock.now() + 120_000).toUTCString() }));
    expect(learnt[0]).toEqual(['spent', 120_000]);
  });
});

describe('what Bitbucket says is left', () => {
  it.each([
    ['an answer', (headers: Record<string, string>) => answered(200, headers)],
    ['the edge’s page', blocked],
  ])('is believed where it is less, until the moment it names: %s', async (_name, endWith) => {
    const { clock, left, end } = createClass();
    end(endWith({ 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '600' }));
    expect(left()).toBe(3);
    end(endWith({ 'x-ratelimit-remaining': '8', 'x-ratelimit-reset': '600' }));
    end(endWith({}));
    expect(left()).toBe(3);
    await clock.pass(599_999);
    expect(left()).toBe(3);
    await clock.pass(1);
    expect(left()).toBe(10);
  });

  it('where it says no moment: for an hour', async () => {
    const { clock, left, end } = createClass();
    end(answered(200, { 'x-ratelimit-remaining': '0' }));
    await clock.pass(HOUR_MS - 1);
    expect(left()).toBe(0);
    await clock.pass(1);
    expect(left()).toBe(10);
  });
});

it('the edge’s page: the tunnel works, the exit is suspected, and nobody calls that quick', () => {
  const { learnt, member, end } = createClass();
  end(blocked());
  expect(learnt).toEqual(['trusted', { kind: 'blocked' }, SETTLED]);
  expect(member.latencyMs).toBeNull();
});

describe('a fault', () => {
  it.each([
    ['refused before it was sent', unsent(REFUSED), true],
    ['locked before it was sent', unsent(LOCKED), true],
    ['out of time before it was sent', unsent(SILENT), false],
    ['silent behind the tunnel', sent(SILENT), false],
    ['cut behind the tunnel', sent({ verdict: 'broken', words: 'cut' }), false],
  ])('is proof against the exit only where nothing else can be at fault: %s: %s', (_name, end, isProof) => {
    const world = createClass();
    world.end(end);
    const { fault } = end as Extract<AttemptEnd, { kind: 'fault' }>;
    expect(world.learnt).toEqual([[fault.verdict, { kind: 'fault', isProof, words: fault.words }], SETTLED]);
  });

  it('behind the tunnel makes the exit as slow as its silence was long; before it, nobody knows', async () => {
    const { clock, member, end } = createClass();
    await clock.pass(700);
    end(unsent(SILENT));
    expect(member.latencyMs).toBeNull();
    end(sent(SILENT));
    expect(member.latencyMs).toBe(700);
  });
});

it('an abandoned attempt teaches nothing', () => {
  const { learnt, member, left, end } = createClass();
  end({ kind: 'abandoned', sent: true });
  expect([learnt, member.latencyMs, left()]).toEqual([[SETTLED], null, 10]);
});
