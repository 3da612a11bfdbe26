import type { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { count, hold, markSpent } from '../../../src/egress/exits/budget.ts';
import { HEALTHY } from '../../../src/egress/exits/health.ts';
import type { Member } from '../../../src/egress/exits/member.ts';
import { Roster } from '../../../src/egress/exits/roster.ts';
import type { Source } from '../../../src/egress/sources/source.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { fakeSource, HOUR_MS } from './world.ts';

/** A roster, and what it told. */
function createDesk(sources: readonly Source[]) {
  const clock = createVirtualClock();
  const events: string[] = [];
  const resting = new Map<Member, number>();
  const roster = new Roster({
    origin: 'https://api.bitbucket.org',
    hourlyBudget: 10,
    sessionLifetimeMs: 100_000,
    sessions: 2,
    clock,
    restUntilMs: (member) => resting.get(member) ?? null,
    due: ({ id }) => void events.push(`${id} due`),
    retiring: ({ id, health }) => void events.push(`${id} retiring, ${health.state}`),
    changed: ({ id }, state) => void events.push(`${id} ${state}`),
  });
  const now = () => clock.monotonic();
  const replace = (list: readonly Source[]) => {
    const { added, renewed } = roster.replace(list, now());
    return { added: idsOf(added), renewed: idsOf(renewed) };
  };
  const first = replace(sources);
  const member = (id: string) => roster.find(id) as Member;
  const refresh = (id: string) => roster.refresh(member(id), now());
  /** `calls` of it end now. */
  const spend = (id: string, calls: number) => {
    for (let i = 0; i < calls; i += 1) {
      hold(member(id).budget);
      count(member(id).budget, now());
    }
    refresh(id);
  };
  return { roster, clock, now, events, resting, replace, first, member, refresh, spend };
}

const idsOf = (members: Iterable<Member>) => [...members].map(({ id }) => id);
const gate = (own: Partial<Source> = {}) => fakeSource('gate', { many: true, ...own });
const two = () => [fakeSource('a'), fakeSource('b')];

describe('a list', () => {
  it('makes one exit of each entry, and as many sessions as are wanted of a template', () => {
    const { roster, first, events } = createDesk([fakeSource('b'), gate(), fakeSource('a')]);
    expect(first).toEqual({ added: ['b', 'gate-s1', 'gate-s2', 'a'], renewed: [] });
    expect([idsOf(roster.members()), idsOf(roster.usable)]).toEqual([first.added, first.added]);
    expect([roster.size, roster.left, roster.whole, events]).toEqual([4, 40, 40, []]);
  });

  it('another keeps those it knows, in its own order, and retires those that are gone', () => {
    const { roster, replace, member, events, spend } = createDesk([...two(), gate()]);
    const [b, session] = [member('b'), member('gate-s1')];
    spend('b', 3);
    expect(replace([fakeSource('c'), gate(), fakeSource('b')])).toEqual({ added: ['c'], renewed: [] });
    expect(idsOf(roster.members())).toEqual(['c', 'gate-s1', 'gate-s2', 'b']);
    expect([roster.find('a'), member('b'), member('gate-s1')]).toEqual([undefined, b, session]);
    expect([roster.size, roster.left, roster.whole]).toEqual([4, 37, 40]);
    expect(events).toEqual(['a retiring, healthy', 'a retired']);
    expect(idsOf(roster.usable).sort()).toEqual(['b', 'c', 'gate-s1', 'gate-s2']);
  });

  it('says whose password is another one; nobody’s else', () => {
    const list = (password: string) => [fakeSource('a', { credential: password }), fakeSource('b')];
    const { replace } = createDesk(list('old'));
    expect(replace(list('old')).renewed).toEqual([]);
    expect(replace(list('new')).renewed).toEqual(['a']);
  });

  it('with another budget for a known exit is in force at once', () => {
    const { roster, replace, spend, events } = createDesk(two());
    spend('a', 4);
    replace([fakeSource('a', { hourlyBudget: 100 }), fakeSource('b')]);
    expect([roster.left, roster.whole]).toEqual([106, 110]);
    replace([fakeSource('a', { hourlyBudget: 4 }), fakeSource('b')]);
    expect([roster.left, roster.whole, idsOf(roster.usable), events]).toEqual([10, 14, ['b'], ['a spent']]);
  });
});

describe('what may be chosen', () => {
  it('follows budget, health and credential, each change told once', () => {
    const { roster, resting, member, refresh, spend, events, now } = createDesk(two());
    spend('a', 10);
    refresh('a');
    expect([idsOf(roster.usable), roster.left]).toEqual([['b'], 10]);
    member('b').health = { ...HEALTHY, state: 'ejected', probeAtMs: now() + 500 };
    refresh('b');
    expect([idsOf(roster.usable), roster.left]).toEqual([[], 0]);
    member('b').health = HEALTHY;
    refresh('b');
    resting.set(member('b'), now() + 60_000);
    refresh('b');
    refresh('b');
    expect(idsOf(roster.usable)).toEqual([]);
    expect(events).toEqual(['a spent', 'b ejected', 'b healthy', 'b ejected']);
  });

  it('comes back when its time has come: nothing is walked over, and nothing is asked for before', async () => {
    const { roster, clock, now, spend, refresh, events } = createDesk(two());
    spend('a', 10);
    expect(roster.restMs(now())).toBe(HOUR_MS);
    await clock.pass(HOUR_MS - 1);
    roster.tick(now());
    expect(idsOf(roster.usable)).toEqual(['b']);
    await clock.pass(1);
    refresh('b');
    expect(idsOf(roster.usable)).toEqual(['b']);
    roster.tick(now());
    expect([idsOf(roster.usable), roster.left]).toEqual([['b', 'a'], 20]);
    expect(events).toEqual(['a spent', 'a healthy']);
  });

  it('is due for a probe exactly when that may be made', async () => {
    const { roster, clock, now, member, refresh, events } = createDesk(two());
    expect(roster.restMs(now())).toBe(Number.POSITIVE_INFINITY);
    member('a').health = { ...HEALTHY, state: 'ejected', probeAtMs: now() + 500 };
    markSpent(member('b').budget, 200, now());
    for (const id of ['a', 'b']) refresh(id);
    expect(roster.restMs(now())).toBe(200);
    await clock.pass(499);
    roster.tick(now());
    expect(events).toEqual(['a ejected', 'b spent', 'b healthy']);
    await clock.pass(1);
    roster.tick(now());
    expect(events.slice(3)).toEqual(['a due']);
    expect(roster.restMs(now() + 5_000)).toBe(0);
  });
});

describe('one that is gone', () => {
  it('keeps its tunnels until its last call has ended', () => {
    const { roster, now, member, replace, events } = createDesk(two());
    const a = member('a');
    const connection = a.connection(0);
    a.inFlight = 1;
    roster.settled(a, now());
    replace([fakeSource('b')]);
    roster.settled(a, now());
    expect([a.health.state, connection.closed]).toEqual(['retired', false]);
    a.inFlight = 0;
    roster.settled(a, now());
    expect([connection.closed, connection.destroyed]).toEqual([true, false]);
    expect(a.connection(0)).toBe(connection);
    expect(a.connection(1).closed).toBe(true);
    roster.retire(a, now());
    roster.refresh(a, now());
    expect(events).toEqual(['a retiring, healthy', 'a retired']);
    expect([roster.size, roster.whole, roster.left]).toEqual([1, 10, 10]);
  });

  it('without a call ends at once; one that stays does not', () => {
    const { roster, now, member, replace } = createDesk(two());
    const [a, b] = [member('a'), member('b')];
    const tunnels = [a.connection(0), b.connection(0)];
    roster.settled(b, now());
    replace([fakeSource('b')]);
    expect(tunnels.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('is not looked at again', async () => {
    const { roster, clock, now, member, refresh, replace, events } = createDesk(two());
    member('a').health = { ...HEALTHY, state: 'ejected', probeAtMs: now() + 500 };
    refresh('a');
    replace([fakeSource('b')]);
    events.splice(0);
    await clock.pass(HOUR_MS);
    roster.tick(now());
    expect([events, roster.restMs(now())]).toEqual([[], Number.POSITIVE_INFINITY]);
  });

  it('closing ends its tunnels too, and those of all others', async () => {
    const { roster, member, replace } = createDesk(two());
    const tunnels = [member('a').connection(0), member('b').connection(0)];
    member('a').inFlight = 1;
    replace([fakeSource('b')]);
    await roster.close();
    expect(tunnels.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });
});

describe('a session', () => {
  it('counts whole as long as it has a call, and is followed by a fresh one when it has none', () => {
    const { roster, spend, events } = createDesk([gate()]);
    spend('gate-s1', 9);
    expect([roster.left, events]).toEqual([20, []]);
    spend('gate-s1', 1);
    expect(idsOf(roster.members())).toEqual(['gate-s2', 'gate-s3']);
    expect([roster.size, roster.left, roster.whole]).toEqual([2, 20, 20]);
    expect(events).toEqual(['gate-s1 retiring, healthy', 'gate-s1 retired']);
  });

  it('is followed before its lifetime ends', async () => {
    const { roster, clock, now } = createDesk([gate()]);
    await clock.pass(89_999);
    roster.tick(now());
    expect(idsOf(roster.members())).toEqual(['gate-s1', 'gate-s2']);
    await clock.pass(1);
    roster.tick(now());
    expect(idsOf(roster.members())).toEqual(['gate-s3', 'gate-s4']);
  });

  it('of one tunnel is followed when that ends, once, and not when its entry is gone', () => {
    const rotating = gate();
    const { mint } = rotating;
    rotating.mint = (session) => ({ ...mint(session), oneTunnel: true });
    const { roster, member, replace } = createDesk([rotating, fakeSource('a')]);
    const [one, other] = [member('gate-s1').connection(0), member('gate-s2').connection(0)];
    const end = (tunnel: typeof one) =>
      (tunnel as EventEmitter).emit('disconnect', new URL('https://x'), [tunnel], new Error());
    end(one);
    end(one);
    expect(idsOf(roster.members())).toEqual(['gate-s2', 'gate-s3', 'a']);
    replace([fakeSource('a')]);
    end(other);
    expect(idsOf(roster.members())).toEqual(['a']);
  });
});
