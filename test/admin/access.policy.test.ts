import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Access, createAccess, isOriginOf, type Knock } from '../../src/admin/access.ts';
import { DoorFailure } from '../../src/admin/failure.ts';
import { createLogin, isSession, SESSION_MS, sameSecret } from '../../src/admin/session.ts';
import { createWrongTokens, groupOf } from '../../src/admin/wrong-tokens.ts';
import type { Clock } from '../../src/domain/clock.ts';

const TOKEN = 'the-token-of-the-door';

function handClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: 1_000_000,
    now: () => clock.nowMs,
    monotonic: () => clock.nowMs,
    after: () => () => {},
  };
  return clock;
}

const knock = (more: Partial<Knock>): Knock => ({
  bearer: null,
  session: null,
  changes: false,
  origin: null,
  host: 'door.example:9090',
  address: '192.0.2.1',
  ...more,
});

/** What the door says: `in`, or the code it refuses with. */
function saidTo(access: Access, more: Partial<Knock>): string {
  try {
    access.check(knock(more));
    return 'in';
  } catch (error) {
    if (!(error instanceof DoorFailure)) throw error;
    return error.code;
  }
}

const waitOf = (work: () => unknown): number | undefined => {
  try {
    work();
  } catch (error) {
    if (error instanceof DoorFailure) return error.retryAfterMs;
  }
  return undefined;
};

describe('the token', () => {
  it('lets in, and nothing else does', () => {
    const access = createAccess({ token: TOKEN, clock: handClock() });
    expect(saidTo(access, { bearer: TOKEN })).toBe('in');
    expect(saidTo(access, { bearer: TOKEN, changes: true })).toBe('in');
    for (const bearer of ['', 'wrong', `${TOKEN} `, TOKEN.slice(1)])
      expect(saidTo(access, { bearer })).toBe('unauthorized');
    expect(saidTo(access, {})).toBe('unauthorized');
  });

  it('wrong, is not made good by a cookie beside it', () => {
    const clock = handClock();
    const access = createAccess({ token: TOKEN, clock });
    const session = createLogin(TOKEN, clock.now());
    expect(saidTo(access, { bearer: 'wrong', session })).toBe('unauthorized');
  });

  it('five wrong ones a minute and address, then 429; the right one passes all the same', () => {
    const clock = handClock();
    const access = createAccess({ token: TOKEN, clock });
    const wrong = () => saidTo(access, { bearer: 'wrong' });
    expect([1, 2, 3, 4, 5].map(wrong)).toEqual(new Array(5).fill('unauthorized'));
    clock.nowMs += 20_000;
    expect(wrong()).toBe('rate_exceeded');
    expect(waitOf(() => access.check(knock({ bearer: 'wrong' })))).toBe(40_000);
    expect(waitOf(() => access.login('wrong', '192.0.2.1'))).toBe(40_000);
    expect(saidTo(access, { bearer: TOKEN })).toBe('in');
    expect(access.login(TOKEN, '192.0.2.1')).toMatch(/^\d+\./);
    expect(saidTo(access, { bearer: 'wrong', address: '192.0.2.2' })).toBe('unauthorized');
    clock.nowMs += 39_999;
    expect(wrong()).toBe('rate_exceeded');
    clock.nowMs += 1;
    expect(wrong()).toBe('unauthorized');
  });

  it('no token at all is not a wrong one', () => {
    const access = createAccess({ token: TOKEN, clock: handClock() });
    for (let i = 0; i < 20; i += 1) saidTo(access, { session: 'made up' });
    expect(saidTo(access, { bearer: 'wrong' })).toBe('unauthorized');
  });

  it('a wrong login counts as a wrong bearer does', () => {
    const access = createAccess({ token: TOKEN, clock: handClock() });
    for (let i = 0; i < 5; i += 1) expect(() => access.login('wrong', '192.0.2.1')).toThrow(/ADMIN_TOKEN/);
    expect(saidTo(access, { bearer: 'wrong' })).toBe('rate_exceeded');
  });
});

describe('in any minute, never more than five wrong tokens of one address are told apart', () => {
  it('whenever they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }), (gaps) => {
        const clock = handClock();
        const tokens = createWrongTokens(clock);
        const noted: number[] = [];
        for (const gap of gaps) {
          clock.nowMs += gap;
          const waitMs = tokens.note('192.0.2.1');
          const recent = noted.filter((atMs) => clock.nowMs - atMs < 60_000);
          expect(waitMs === 0).toBe(recent.length < 5);
          if (waitMs === 0) noted.push(clock.nowMs);
          else expect(waitMs).toBe((recent[0] ?? 0) + 60_000 - clock.nowMs);
        }
      }),
    );
  });

  it('a flood of addresses forgets the ones seen longest ago, and takes no more room', () => {
    const tokens = createWrongTokens(handClock());
    for (let i = 0; i < 5; i += 1) tokens.note('first');
    for (let i = 0; i < 9_999; i += 1) tokens.note(`address ${i}`);
    expect(tokens.note('first')).toBeGreaterThan(0);
    tokens.note('one more');
    expect(tokens.note('first')).toBe(0);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:0000::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2::', '1:2:0:0::/64'],
  ])('%s counts as %s', (address, group) => expect(groupOf(address)).toBe(group));
});

describe('a login', () => {
  it('is good for eight hours and no longer', () => {
    const session = createLogin(TOKEN, 1_000);
    expect(SESSION_MS).toBe(28_800_000);
    expect(isSession(TOKEN, session, 1_000 + SESSION_MS - 1)).toBe(true);
    expect(isSession(TOKEN, session, 1_000 + SESSION_MS)).toBe(false);
  });

  it('ends with its token', () =>
    expect(isSession('another token', createLogin(TOKEN, 1_000), 1_000)).toBe(false));

  it('does not hold the token', () => expect(createLogin(TOKEN, 1_000)).not.toContain(TOKEN));

  it('cannot be made up, prolonged or mended', () => {
    const session = createLogin(TOKEN, 1_000);
    const [endsAtMs = '', signature = ''] = session.split('.');
    const flip = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    for (const forged of [
      `${Number(endsAtMs) + 1}.${signature}`,
      `${endsAtMs}.${flip(signature, 0)}`,
      `${endsAtMs}.`,
      endsAtMs,
      `${endsAtMs}.${signature}x`,
      `x${session}`,
      '',
    ])
      expect([forged, isSession(TOKEN, forged, 1_000)]).toEqual([forged, false]);
  });

  it('by cookie reads without an origin, and changes only from a page of the door', () => {
    const clock = handClock();
    const access = createAccess({ token: TOKEN, clock });
    const session = access.login(TOKEN, '192.0.2.1');
    expect(saidTo(access, { session })).toBe('in');
    expect(saidTo(access, { session, changes: true })).toBe('forbidden');
    expect(saidTo(access, { session, changes: true, origin: 'http://door.example:9090' })).toBe('in');
    expect(saidTo(access, { session, changes: true, origin: 'http://door.example:8080' })).toBe('forbidden');
    expect(saidTo(access, { session: `${session}x`, changes: true })).toBe('unauthorized');
    clock.nowMs += SESSION_MS;
    expect(saidTo(access, { session })).toBe('unauthorized');
  });
});

describe('a page of the door', () => {
  it.each([
    ['door.example:9090', 'http://door.example:9090', true],
    ['door.example:9090', 'https://door.example:9090', true],
    ['door.example', 'https://door.example', true],
    ['door.example:9090', 'http://door.example', false],
    ['door.example:9090', 'http://door.example:9091', false],
    ['door.example:9090', 'http://evil.example:9090', false],
    ['door.example:9090', 'http://door.example:9090.evil.example', false],
    ['door.example:9090', 'ftp://door.example:9090', false],
    ['door.example:9090', 'null', false],
    ['door.example:9090', '', false],
    ['door.example:9090', null, false],
    ['', 'http://', false],
  ])('host %s, origin %s: %s', (host, origin, same) => expect(isOriginOf(host, origin)).toBe(same));
});

it('sameSecret says what === says', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b)));
  fc.assert(fc.property(fc.string(), (a) => sameSecret(a, a)));
});
