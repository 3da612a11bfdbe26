import { describe, expect, it } from 'vitest';
import { leftOf } from '../../../src/egress/exits/budget.ts';
import { createCeiling } from '../../../src/egress/exits/ceiling.ts';
import type { LeasedCall } from '../../../src/egress/exits/lease.ts';
import type { BudgetLeases, LeaseRefused } from '../../../src/egress/exits/leases.ts';
import { Member } from '../../../src/egress/exits/member.ts';
import type { AttemptEnd, Reservation } from '../../../src/egress/exits/port.ts';
import { type NotTaken, type Purse, take } from '../../../src/egress/exits/reservation.ts';
import { answered, fakeSource, SILENT, sent, unsent } from './world.ts';

const NOW_MS = 5_000;
const TAKEN_AT_MS = NOW_MS - 5;

/** What the store says to a purse: at once, later, or never. */
type Said = 'at once' | 'later' | 'refused' | 'away';

/** All that one reservation touches, written down in the order in which it is touched. */
function createDesk(said: Readonly<Record<string, Said>>, purseIds = ['a'], isKept = true) {
  const events: string[] = [];
  const member = new Member(
    fakeSource('a', { many: !isKept }),
    { origin: 'https://api.bitbucket.org', hourlyBudget: 10, sessionLifetimeMs: 540_000 },
    NOW_MS,
    () => {},
  );
  const purses: readonly Purse[] = purseIds.map((id) => (id === 'a' ? member : createCeiling(7)));
  const lease = (id: string): LeasedCall => ({
    giveBack: () => void events.push(`${id} back`),
    count: () => void events.push(`${id} counted`),
  });
  const answer = async (id: string): Promise<LeasedCall | LeaseRefused> => {
    if (said[id] === 'away') throw new Error('away');
    return said[id] === 'refused' ? { growsInMs: 9_000 } : lease(id);
  };
  const leases = {
    take: (id: string, limit: number) => {
      events.push(`${id} asked for one of ${limit}`);
      return said[id] === 'at once' ? lease(id) : answer(id);
    },
  } as unknown as BudgetLeases;
  const ended: [AttemptEnd, number][] = [];
  const taken = take({
    member,
    purses,
    share: { giveBack: () => void events.push('share back') },
    leases,
    takenAtMs: TAKEN_AT_MS,
    now: () => NOW_MS,
    changed: (each) => void events.push(`changed with ${each.inFlight} in flight, ${each.left(NOW_MS)} left`),
    ended: (_member, end, takenAtMs) => void ended.push([end, takenAtMs]),
  });
  const left = () => purses.map(({ budget }) => leftOf(budget, NOW_MS));
  return { taken, events, ended, member, purses, left };
}

describe('a reservation', () => {
  it('takes all before anything is awaited, and tells that the exit changed', () => {
    const { events, left, member } = createDesk({ a: 'later', ceiling: 'at once' }, ['a', 'ceiling']);
    expect(events).toEqual([
      'a asked for one of 10',
      'ceiling asked for one of 7',
      'changed with 1 in flight, 9 left',
    ]);
    expect([member.inFlight, left()]).toEqual([1, [9, 6]]);
  });

  it.each([
    ['answered', answered(), true],
    ['the edge’s page', { kind: 'blocked', headers: {}, latencyMs: 1 } as AttemptEnd, true],
    ['a fault behind the tunnel', sent(), true],
    ['a fault before it', unsent(), false],
    ['hung up behind it', { kind: 'abandoned', sent: true } as AttemptEnd, true],
    ['hung up before it', { kind: 'abandoned', sent: false } as AttemptEnd, false],
  ])('%s: counted where the request may have left, else all is given back', async (_name, end, counts) => {
    for (const said of ['at once', 'later'] as const) {
      const { taken, events, ended, left, member } = createDesk({ a: said, ceiling: said }, ['a', 'ceiling']);
      const reservation = (await taken) as Reservation;
      expect(reservation.exit).toBe(member);
      events.splice(0);
      reservation.settle(end);
      reservation.settle(unsent(SILENT));
      expect(events).toEqual(
        counts ? ['a counted', 'ceiling counted'] : ['a back', 'ceiling back', 'share back'],
      );
      expect([member.inFlight, left()]).toEqual([0, counts ? [9, 6] : [10, 7]]);
      expect(ended).toEqual([[end, TAKEN_AT_MS]]);
    }
  });

  it('an exit that the store does not count is not asked for, be the ceiling asked for or not', async () => {
    const alone = createDesk({}, ['a'], false);
    expect(await alone.taken).toHaveProperty('settle');
    const { taken, events } = createDesk({ ceiling: 'later' }, ['a', 'ceiling'], false);
    expect(await taken).toHaveProperty('settle');
    expect([...alone.events, ...events].filter((event) => event.includes('asked'))).toEqual([
      'ceiling asked for one of 7',
    ]);
  });
});

describe('what the store refuses', () => {
  it.each([
    [{ a: 'refused', ceiling: 'at once' }, 0, ['ceiling back', 'share back']],
    [{ a: 'later', ceiling: 'refused' }, 1, ['a back', 'share back']],
  ] as const)('is undone as one, and says which budget it was: %j', async (said, which, back) => {
    const { taken, events, left, member, purses, ended } = createDesk(said, ['a', 'ceiling']);
    expect((await taken) as NotTaken).toEqual({ by: purses[which], growsInMs: 9_000 });
    expect(events.slice(3)).toEqual([...back, 'changed with 0 in flight, 10 left']);
    expect([member.inFlight, left(), ended]).toEqual([0, [10, 7], []]);
  });

  it('by being away is undone as well', async () => {
    const { taken, events, left, member } = createDesk({ a: 'later', ceiling: 'away' }, ['a', 'ceiling']);
    expect(await taken).toEqual({ by: 'store', cause: new Error('away') });
    expect(events.slice(3)).toEqual(['a back', 'share back', 'changed with 0 in flight, 10 left']);
    expect([member.inFlight, left()]).toEqual([0, [10, 7]]);
  });
});
