import { expect, it } from 'vitest';
import { hold } from '../../../src/egress/exits/budget.ts';
import { type ExitHealth, HEALTHY } from '../../../src/egress/exits/health.ts';
import { Member } from '../../../src/egress/exits/member.ts';
import { exitStateOf } from '../../../src/egress/exits/state.ts';
import { fakeSource } from './world.ts';

const NOW_MS = 5_000;
const ASIDE: ExitHealth = { ...HEALTHY, state: 'set_aside', reason: 'set aside by the operator' };
const EJECTED: ExitHealth = { ...HEALTHY, state: 'ejected', reason: 'timed out' };

it.each([
  ['in service', HEALTHY, 2, null, 'healthy', null],
  ['spent', HEALTHY, 0, null, 'spent', 'no calls are left of its hour'],
  ['ejected', EJECTED, 2, null, 'ejected', 'timed out'],
  ['ejected and spent', EJECTED, 0, null, 'ejected', 'timed out'],
  ['its credential rests', HEALTHY, 2, 60_000, 'ejected', 'its credentials are refused'],
  ['its credential rests, and it is spent', HEALTHY, 0, 60_000, 'ejected', 'its credentials are refused'],
  ['set aside', ASIDE, 0, 60_000, 'set_aside', 'set aside by the operator'],
])('an exit as operators see it: %s', (_name, health, left, restUntilMs, state, reason) => {
  const member = new Member(
    fakeSource('a', { label: 'the entry' }),
    { origin: 'https://api.bitbucket.org', hourlyBudget: 2, sessionLifetimeMs: 540_000 },
    NOW_MS,
    () => {},
  );
  member.health = health;
  member.inFlight = 2 - left;
  member.noteLatency(120);
  for (let i = left; i < 2; i += 1) hold(member.budget);
  expect(exitStateOf(member, NOW_MS, restUntilMs)).toEqual({
    id: 'a',
    label: 'a',
    source: 'the entry',
    state,
    reason,
    limit: 2,
    left,
    inFlight: 2 - left,
    latencyMs: 120,
  });
});
