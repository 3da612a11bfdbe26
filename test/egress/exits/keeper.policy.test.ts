import { describe, expect, it } from 'vitest';
import { CredentialRests } from '../../../src/egress/exits/credential-rests.ts';
import type { HealthEvent } from '../../../src/egress/exits/health.ts';
import { HealthKeeper } from '../../../src/egress/exits/keeper.ts';
import { Member } from '../../../src/egress/exits/member.ts';
import { Probes } from '../../../src/egress/exits/probes.ts';
import type { Fault } from '../../../src/egress/fault.ts';
import { createVirtualClock, notingWaits } from '../../virtual-clock.ts';
import { type FakeSource, fakeSource, LOCKED, REFUSED, SILENT } from './world.ts';

const ORIGIN = 'https://api.bitbucket.org';
const memberOf = (source: FakeSource) =>
  new Member(source, { origin: ORIGIN, hourlyBudget: 10, sessionLifetimeMs: 540_000 }, 0, () => {});
const PROOF: HealthEvent = { kind: 'fault', isProof: true, words: REFUSED.words };
const SIGN: HealthEvent = { kind: 'fault', isProof: false, words: SILENT.words };

/** A keeper of members made of `sources`; `random` gives the longest ejection. */
function createDesk(sources: readonly FakeSource[], random = () => 0.999) {
  const { clock, waits: timers } = notingWaits(createVirtualClock());
  const members = sources.map(memberOf);
  const refreshed: string[] = [];
  const rested: string[] = [];
  const keeper = new HealthKeeper({
    origin: ORIGIN,
    clock,
    random,
    roster: {
      members: function* () {
        yield* members;
      },
      get size() {
        return members.length;
      },
      refresh: ({ id }) => void refreshed.push(id),
    },
    credentialRests: ({ id }) => void rested.push(id),
  });
  const probes = () => sources.map((source) => source.probes);
  const states = () => members.map(({ health }) => health.state);
  return { clock, timers, keeper, members, refreshed, rested, probes, states };
}

const sources = (count: number, own: Parameters<typeof fakeSource>[1] = {}) =>
  Array.from({ length: count }, (_, i) => fakeSource(`e${i}`, own));

describe('a keeper', () => {
  it('ejects by proof, tells the roster, and brings back through a probe when the time has come', async () => {
    const { clock, keeper, members, refreshed, probes, states } = createDesk(sources(2));
    keeper.note(members[0] as Member, PROOF);
    expect([states(), refreshed]).toEqual([['ejected', 'healthy'], ['e0']]);
    await clock.pass(998);
    expect([probes(), states()]).toEqual([
      [0, 0],
      ['ejected', 'healthy'],
    ]);
    await clock.pass(1);
    expect([probes(), states(), refreshed]).toEqual([
      [1, 0],
      ['healthy', 'healthy'],
      ['e0', 'e0'],
    ]);
    await clock.pass(600_000);
    expect(probes()).toEqual([1, 0]);
  });

  it('tries again after a longer pause when a probe fails', async () => {
    const [dead] = sources(1, { fault: REFUSED });
    const { clock, keeper, members, probes, states } = createDesk([dead as FakeSource]);
    keeper.note(members[0] as Member, PROOF);
    for (const [ms, tried] of [
      [999, 1],
      [1_998, 2],
      [3_996, 3],
    ] as const) {
      await clock.pass(ms - 1);
      expect(probes()).toEqual([tried - 1]);
      await clock.pass(1);
      expect([probes(), states()]).toEqual([[tried], ['ejected']]);
    }
  });

  it('sets a timer for a probe, and for nothing else', () => {
    const { keeper, members, timers } = createDesk(sources(2));
    const [one] = members as [Member];
    for (const event of [{ kind: 'answered' }, SIGN, { kind: 'probed' }] as const) keeper.note(one, event);
    expect(timers).toEqual([]);
    keeper.note(one, PROOF);
    keeper.note(one, { kind: 'answered' });
    keeper.order(one, 'brought back');
    keeper.order(one, 'set aside');
    expect(timers).toEqual([999]);
  });

  it('hears of credentials from faults that say so alone, and tells the roster of all that share one', async () => {
    const { clock, keeper, members, refreshed, rested, states, probes } = createDesk(
      sources(4, { credential: 'c' }),
    );
    for (const member of members.slice(0, 3)) keeper.noteFault(member, REFUSED, PROOF);
    expect(rested).toEqual([]);
    for (const member of members.slice(0, 3)) keeper.noteFault(member, LOCKED, PROOF);
    expect([rested, refreshed.slice(-4)]).toEqual([['e2'], ['e0', 'e1', 'e2', 'e3']]);
    await clock.pass(59_999);
    expect([probes(), keeper.restUntilMs(members[3] as Member)]).toEqual([
      [0, 0, 0, 0],
      clock.monotonic() + 1,
    ]);
    keeper.noteTrusted(members[3] as Member);
    await clock.pass(0);
    expect([probes(), states()]).toEqual([
      [1, 1, 1, 0],
      ['healthy', 'healthy', 'healthy', 'healthy'],
    ]);
    expect(keeper.restUntilMs(members[3] as Member)).toBeNull();
  });

  it('a probe that opens its tunnel clears the credential', async () => {
    const { keeper, members, rested } = createDesk(sources(3, { credential: 'c' }));
    const [one, two, three] = members as [Member, Member, Member];
    for (const member of [one, two]) keeper.noteFault(member, LOCKED, PROOF);
    await keeper.probe(one);
    keeper.noteFault(three, LOCKED, PROOF);
    expect(rested).toEqual([]);
  });

  it('holds nothing against an exit that cannot leave service', async () => {
    const { clock, keeper, members, states, refreshed, probes } = createDesk(
      sources(1, { ejectable: false }),
    );
    const [direct] = members as [Member];
    for (const event of [PROOF, { kind: 'blocked' }, { kind: 'probe failed', words: '' }] as const)
      keeper.note(direct, event);
    keeper.noteFault(direct, SILENT, SIGN);
    await clock.pass(60_000);
    expect([states(), refreshed, direct.health.suspicions, probes()]).toEqual([['healthy'], [], 0, [0]]);
  });

  it('tells the roster of no exit whose health stays as it is', () => {
    const { keeper, members, refreshed } = createDesk(sources(1));
    const [member] = members as [Member];
    keeper.note(member, { kind: 'answered' });
    expect(refreshed).toEqual([]);
    keeper.note(member, PROOF);
    expect(refreshed).toEqual(['e0']);
  });

  it('suspects half of the exits at most; one that came back or is gone makes room for another', () => {
    const { keeper, members, states } = createDesk(sources(4));
    const signs = (i: number) => {
      for (let n = 0; n < 3; n += 1) keeper.note(members[i] as Member, { kind: 'blocked' });
    };
    for (const i of [0, 1, 2]) signs(i);
    expect(states()).toEqual(['set_aside', 'set_aside', 'healthy', 'healthy']);
    keeper.order(members[0], 'brought back');
    signs(2);
    expect(states()).toEqual(['healthy', 'set_aside', 'set_aside', 'healthy']);
    keeper.forget(members[1] as Member);
    keeper.forget(members[3] as Member);
    signs(3);
    signs(0);
    expect(states()).toEqual(['healthy', 'set_aside', 'set_aside', 'set_aside']);
  });

  it('asks a tunnel at once where a fault proves nothing, and only there', async () => {
    const { clock, keeper, members, probes } = createDesk(sources(3));
    const [one, two, three] = members as [Member, Member, Member];
    keeper.noteFault(one, SILENT, SIGN);
    keeper.noteFault(two, REFUSED, PROOF);
    keeper.noteFault(three, SILENT, { kind: 'probe failed', words: SILENT.words });
    await clock.pass(0);
    expect(probes()).toEqual([1, 0, 0]);
    keeper.order(two, 'set aside');
    keeper.noteFault(two, SILENT, SIGN);
    await clock.pass(0);
    expect(probes()).toEqual([1, 0, 0]);
  });

  it('an order is carried out by hand alone', async () => {
    const { clock, keeper, members, states, probes } = createDesk(sources(1));
    expect([keeper.order(undefined, 'set aside'), keeper.order(members[0], 'set aside')]).toEqual([
      false,
      true,
    ]);
    keeper.probeDue(members[0] as Member);
    await clock.pass(3_600_000);
    expect([states(), probes()]).toEqual([['set_aside'], [0]]);
    expect(keeper.order(members[0], 'brought back')).toBe(true);
    expect(states()).toEqual(['healthy']);
  });

  it('another password brings back what was ejected, not what was set aside', () => {
    const { keeper, members, states, refreshed } = createDesk(sources(3));
    const [one, two, three] = members as [Member, Member, Member];
    keeper.note(one, PROOF);
    keeper.order(two, 'set aside');
    refreshed.splice(0);
    for (const member of [one, two, three]) keeper.renewed(member);
    expect([states(), refreshed]).toEqual([['healthy', 'set_aside', 'healthy'], ['e0']]);
  });

  it('a probe is due when its moment has come, out of service alone, and not while the credential rests', async () => {
    const { clock, keeper, members, probes } = createDesk(sources(4, { credential: 'c', fault: LOCKED }));
    const [one] = members as [Member];
    keeper.probeDue(one);
    for (const member of members.slice(1)) keeper.noteFault(member, LOCKED, PROOF);
    expect(members.map((member) => keeper.restUntilMs(member))).toEqual(
      members.map(() => clock.monotonic() + 60_000),
    );
    keeper.note(one, PROOF);
    await clock.pass(59_999);
    expect(probes()).toEqual([0, 0, 0, 0]);
    expect(one.isRefused).toBe(false);
    expect((members[1] as Member).isRefused).toBe(true);
  });

  it('an exit that the edge blocked is tried when its time is over', async () => {
    const { clock, keeper, members, probes, states } = createDesk(sources(2), () => 0);
    for (let i = 0; i < 3; i += 1) keeper.note(members[0] as Member, { kind: 'blocked' });
    keeper.probeDue(members[0] as Member);
    await clock.pass(29_999);
    expect([probes(), states()]).toEqual([
      [0, 0],
      ['set_aside', 'healthy'],
    ]);
    await clock.pass(1);
    expect([probes(), states()]).toEqual([
      [1, 0],
      ['healthy', 'healthy'],
    ]);
  });

  it('tries all that it is asked to', async () => {
    const { keeper, members, probes } = createDesk(sources(3));
    await keeper.probeAll(members.slice(1));
    expect(probes()).toEqual([0, 1, 1]);
  });
});

describe('probes', () => {
  const createQueue = (count: number, own: Parameters<typeof fakeSource>[1] = {}) => {
    const made = sources(count, own);
    const open: ((fault: Fault | null) => void)[] = [];
    for (const source of made) {
      const { mint } = source;
      source.mint = (session) => ({
        ...mint(session),
        connect: (_options, done) => {
          open.push((fault) =>
            fault === null
              ? done(null, { destroy: () => {} } as never)
              : done(Object.assign(new Error(fault.words), fault), null),
          );
        },
      });
    }
    const tried: [string, Fault | null][] = [];
    const probes = new Probes({ origin: ORIGIN, tried: ({ id }, fault) => void tried.push([id, fault]) });
    return { members: made.map(memberOf), open, tried, probes };
  };
  const settled = () => new Promise((done) => setImmediate(done));

  it('are 32 at once; the next begins when one has ended', async () => {
    const { members, open, tried, probes } = createQueue(40);
    const all = Promise.all(members.map((member) => probes.try(member)));
    expect(open).toHaveLength(32);
    open.shift()?.(null);
    await settled();
    expect([open.length, tried.length]).toEqual([32, 1]);
    while (open.length > 0) {
      for (const end of open.splice(0)) end(null);
      await settled();
    }
    await all;
    expect(tried).toHaveLength(40);
  });

  it('say what went wrong, and leave the exit free for another', async () => {
    const { members, open, tried, probes } = createQueue(1);
    const [member] = members as [Member];
    const first = probes.try(member);
    await probes.try(member);
    expect([member.isProbing, open.length]).toEqual([true, 1]);
    open.shift()?.(REFUSED);
    await first;
    expect([member.isProbing, tried]).toEqual([false, [['e0', expect.objectContaining(REFUSED)]]]);
    const second = probes.try(member);
    expect(open).toHaveLength(1);
    open.shift()?.(null);
    await second;
    expect(tried).toHaveLength(2);
  });

  it('are not made of what cannot leave service, nor of what is gone', async () => {
    const direct = createQueue(1, { ejectable: false });
    await direct.probes.try(direct.members[0] as Member);
    const gone = createQueue(1);
    const [member] = gone.members as [Member];
    member.health = { ...member.health, state: 'retired' };
    await gone.probes.try(member);
    expect([direct.open.length, gone.open.length, member.isProbing]).toEqual([0, 0, false]);
  });
});

describe('a credential', () => {
  const createRests = (count: number, random = () => 0.5) => {
    const clock = createVirtualClock();
    const members = [
      ...sources(count, { credential: 'shared' }).map(memberOf),
      memberOf(fakeSource('other', { credential: 'another' })),
      memberOf(fakeSource('free')),
    ];
    const told: string[] = [];
    const met = { refused: true };
    const rests: CredentialRests = new CredentialRests({
      clock,
      random,
      members: () => members,
      began: ({ id }) => void told.push(`began ${id}`),
      changed: ({ id }) => void told.push(`changed ${id}`),
      probe: async (member) => {
        told.push(`probe ${member.id}`);
        if (met.refused) rests.refused(member);
      },
    });
    const untilMs = () =>
      members.map((member) => rests.untilMs(member)).map((ms) => ms && ms - clock.monotonic());
    return { clock, members, told, met, rests, untilMs };
  };

  it('rests for a minute when three that share it were refused, and all of them with it', () => {
    const { members, told, rests, untilMs } = createRests(4);
    const [a, b, c, , other, free] = members as [Member, Member, Member, Member, Member, Member];
    for (const member of [a, b, a, other, free]) rests.refused(member);
    expect([told, untilMs()]).toEqual([[], [null, null, null, null, null, null]]);
    rests.refused(c);
    expect(told).toEqual(['began e2', 'changed e0', 'changed e1', 'changed e2', 'changed e3']);
    expect(untilMs()).toEqual([60_000, 60_000, 60_000, 60_000, null, null]);
    rests.refused(a);
    expect(told).toHaveLength(5);
  });

  it('is trusted as soon as one tunnel opens: refusals before it are forgotten', () => {
    const { members, told, rests, untilMs } = createRests(4);
    const [a, b, c] = members as [Member, Member, Member];
    for (const member of [a, b]) rests.refused(member);
    rests.trusted(a);
    for (const member of [b, c]) rests.refused(member);
    expect([told, untilMs()[0]]).toEqual([[], null]);
    for (const member of members.slice(4)) rests.trusted(member);
    expect(told).toEqual([]);
  });

  it('in use again: its exits are told, and those that left service are tried', () => {
    const { members, told, rests, untilMs } = createRests(3);
    for (const member of members.slice(0, 3)) rests.refused(member);
    const [a, b] = members as [Member, Member];
    b.health = { ...b.health, state: 'ejected' };
    told.splice(0);
    rests.trusted(a);
    expect(untilMs()[0]).toBeNull();
    expect(told).toEqual(['changed e0', 'changed e1', 'probe e1', 'changed e2']);
    told.splice(0);
    rests.trusted(a);
    expect(told).toEqual([]);
  });

  it.each([
    [0, 'e0'],
    [0.5, 'e1'],
    [0.999, 'e2'],
  ])(
    'after its rest one finds out for all, drawn at random (%d: %s); refused again it rests again, untold',
    async (at, id) => {
      const { clock, members, told, rests, untilMs } = createRests(3, () => at);
      for (const member of members.slice(0, 3)) rests.refused(member);
      told.splice(0);
      await clock.pass(59_999);
      expect(told).toEqual([]);
      await clock.pass(1);
      expect([told[0], untilMs()[0]]).toEqual([`probe ${id}`, 60_000]);
      expect(told.filter((what) => what.startsWith('began'))).toEqual([]);
      await clock.pass(60_000);
      expect(told.filter((what) => what.startsWith('probe'))).toHaveLength(2);
    },
  );

  it('another fault than a refusal ends the rest', async () => {
    const { clock, members, told, met, rests, untilMs } = createRests(3);
    for (const member of members.slice(0, 3)) rests.refused(member);
    met.refused = false;
    told.splice(0);
    await clock.pass(60_000);
    expect(untilMs()[0]).toBeNull();
    expect(told).toEqual(['probe e1', 'changed e0', 'changed e1', 'changed e2']);
  });

  it('that no exit has any more is forgotten', async () => {
    const { clock, members, told, rests } = createRests(3);
    const [a] = members as [Member];
    for (const member of members.slice(0, 3)) rests.refused(member);
    members.splice(0, 3);
    told.splice(0);
    await clock.pass(60_000);
    expect([told, rests.untilMs(a)]).toEqual([[], null]);
  });
});
