import type { EventEmitter } from 'node:events';
import type { buildConnector } from 'undici';
import { describe, expect, it } from 'vitest';
import { Member, type MemberOptions } from '../../../src/egress/exits/member.ts';
import type { Source } from '../../../src/egress/sources/source.ts';
import { settled } from '../../virtual-clock.ts';
import { fakeSource, HOUR_MS } from './world.ts';

const OPTIONS: MemberOptions = {
  origin: 'https://api.bitbucket.org',
  hourlyBudget: 60,
  sessionLifetimeMs: HOUR_MS,
};

function createMember(source: Source, onTunnelEnd: (member: Member) => void = () => {}): Member {
  return new Member(source, OPTIONS, 1_000, onTunnelEnd);
}

/** An entry that notes which sessions it was asked for, and whose tunnels say which list they are of. */
function notingSource(list: string, many: boolean) {
  const asked: (string | undefined)[] = [];
  const source = fakeSource('gate', { many });
  const { mint } = source;
  source.mint = (session) => {
    asked.push(session);
    return {
      ...mint(session),
      connect: (_options, done: buildConnector.Callback) => queueMicrotask(() => done(new Error(list), null)),
    };
  };
  return { source, asked };
}

/** What stands in the way of the tunnel that it would open now. */
const opens = ({ connect }: Member) =>
  new Promise((resolve) => connect({} as never, (...[error]) => resolve(error?.message)));

describe('its tunnels', () => {
  it('are opened by the newest list, for the session that it has', async () => {
    const first = notingSource('old', true);
    const member = createMember(first.source);
    expect([await opens(member), first.asked]).toEqual(['old', [undefined]]);
    const next = notingSource('new', true);
    member.from = next.source;
    expect([await opens(member), await opens(member), next.asked]).toEqual(['new', 'new', ['s1']]);
    expect([member.from, member.source]).toEqual([next.source, 'gate']);
  });

  it('of an exit that has no session are opened without one', async () => {
    const member = createMember(notingSource('old', false).source);
    const next = notingSource('new', false);
    member.from = next.source;
    expect([await opens(member), next.asked]).toEqual(['new', [undefined]]);
  });

  it('are one a place', () => {
    const member = createMember(fakeSource('a'));
    const [first, second] = [member.connection(0), member.connection(1)];
    expect(first).not.toBe(second);
    expect([member.connection(0), member.connection(1)]).toEqual([first, second]);
  });

  it('are opened as its list says, and no request leaves where that fails', async () => {
    const member = createMember(notingSource('no way', false).source);
    await expect(member.connection(0).request({ path: '/', method: 'GET' })).rejects.toThrow('no way');
  });

  it('that cannot be opened fail the call that asked, and then the one that waited for its place', async () => {
    const { source } = notingSource('no way', false);
    const { mint } = source;
    source.mint = () => ({ ...mint(), oneTunnel: true });
    const member = createMember(source);
    const failed: string[] = [];
    const call = (name: string) =>
      new Promise<void>((resolve) => {
        const leave = member.queue.enter(name, (place) =>
          member.connection(place).dispatch(
            { path: '/', method: 'GET' },
            {
              onRequestStart: () => {},
              onResponseStart: () => {},
              onResponseData: () => {},
              onResponseEnd: () => {},
              onResponseError: (_controller, { message }) => {
                failed.push(`${name}: ${message}`);
                leave();
                resolve();
              },
            },
          ),
        );
      });
    await Promise.all(['a', 'b', 'c'].map(call));
    expect(failed).toEqual(['a: no way', 'b: no way', 'c: no way']);
  });

  it.each(['when idle', 'at once'] as const)('end %s, those that are needed later too', async (how) => {
    // A tunnel that never opens, and a call that waits for it.
    const { source } = notingSource('old', false);
    const { mint } = source;
    source.mint = () => ({ ...mint(), connect: () => {} });
    const member = createMember(source);
    const refused = expect(member.connection(0).request({ path: '/', method: 'GET' })).rejects.toThrow(
      'destroyed',
    );
    const early = [member.connection(0), member.connection(1)];
    const ended = member.close(how);
    await settled();
    expect(early.map(({ closed, destroyed }) => closed || destroyed)).toEqual([true, true]);
    expect(early.map(({ destroyed }) => destroyed)).toEqual([how === 'at once', true]);
    expect(member.connection(2).closed).toBe(true);
    if (how === 'when idle') await member.close('at once');
    await Promise.all([refused, ended]);
  });

  it.each([
    ['the only one of a rotating gateway', true, 1],
    ['one of many', false, 0],
  ])('%s tells of its end, once', (_name, oneTunnel, times) => {
    const source = fakeSource('a');
    const { mint } = source;
    source.mint = () => ({ ...mint(), oneTunnel });
    const ended: Member[] = [];
    const member = createMember(source, (one) => ended.push(one));
    const connection = member.connection(0);
    for (let i = 0; i < 2; i += 1) (connection as EventEmitter).emit('disconnect');
    expect(ended).toEqual(Array.from({ length: times }, () => member));
  });

  it.each([
    [true, 1],
    [false, 32],
  ])('of one tunnel alone: %s, so many calls of one account', (oneTunnel, most) => {
    const source = fakeSource('a');
    const { mint } = source;
    source.mint = () => ({ ...mint(), oneTunnel });
    const member = createMember(source);
    let begun = 0;
    for (let i = 0; i < 100; i += 1)
      member.queue.enter('acct_1', () => {
        begun += 1;
      });
    expect(begun).toBe(most);
  });
});

it('its latency is the first answer’s, then a fifth of each newer one', () => {
  const member = createMember(fakeSource('a'));
  expect(member.latencyMs).toBeNull();
  member.noteLatency(100);
  expect(member.latencyMs).toBe(100);
  member.noteLatency(200);
  expect(member.latencyMs).toBe(120);
  member.noteLatency(20);
  expect(member.latencyMs).toBe(100);
});

it('a session ends a tenth of its lifetime early, what stays never', () => {
  expect(createMember(fakeSource('a', { many: true })).endsAtMs).toBe(1_000 + 0.9 * HOUR_MS);
  expect(createMember(fakeSource('a')).endsAtMs).toBe(Number.POSITIVE_INFINITY);
});

it('its budget is its entry’s, else what is set for all; another entry brings its own', () => {
  const member = createMember(fakeSource('a', { hourlyBudget: 7 }));
  expect([member.budget.limit, member.left(1_000)]).toEqual([7, 7]);
  member.from = fakeSource('a');
  expect(member.budget.limit).toBe(60);
  member.from = fakeSource('a', { hourlyBudget: 9 });
  expect(member.budget.limit).toBe(9);
});
