import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Account } from '../src/domain/account.ts';
import { type AnswerHold, unboundedHold } from '../src/domain/bytes-in-flight.ts';
import { Failure, type FailureName } from '../src/domain/failure.ts';
import type { Body } from '../src/domain/upstream.ts';
import { brief } from '../src/endpoints/brief.ts';
import { endpoint } from '../src/endpoints/endpoint.ts';
import { bodyOf } from '../src/envelope/body.ts';
import type { LimitReading, Meter, Spent } from '../src/limits/meter.ts';
import type { Asked, Rooms } from '../src/way/call.ts';
import { refusedAtDoor } from '../src/way/trail.ts';
import { answer, type WaySteps } from '../src/way.ts';

const ACCOUNT: Account = {
  id: 'acct_1',
  name: 'acme',
  plan: 'pro',
  overrides: {},
  suspended: false,
  expiresAtMs: null,
};
const READING: LimitReading = {
  rate: { limit: 20, remaining: 19, resetMs: 1_000 },
  quota: { limit: 100, remaining: 41 },
  atMs: 5_000,
};
const READ: LimitReading = { ...READING, atMs: 6_000 };
const CHARGE = { accountId: ACCOUNT.id, period: '2026-06', refunded: false };
const failure = (name: FailureName) => new Failure(name, name);
const data = bodyOf(Buffer.from('{}'));

/** A row that answers what `work` does. */
const rowOf = (work: () => Promise<{ data: Body }>) =>
  endpoint({
    path: '/v1/x',
    operationId: 'getX',
    tag: 'Meta',
    summary: 'x',
    description: 'x',
    message: 'X',
    input: z.strictObject({
      repo: z
        .string()
        .transform((workspace) => ({ workspace, slug: 'big' }))
        .optional(),
      workspace: z.string().optional(),
    }),
    data: z.unknown(),
    brief: brief({}),
    answer: async (_input, reader) => {
      await reader.get({ target: '/x', read: () => null });
      return work();
    },
  });

interface Plan {
  readonly rooms?: Partial<Rooms>;
  readonly meter?: Partial<Meter>;
  readonly asked?: Partial<Asked>;
  readonly work?: () => Promise<{ data: Body }>;
}

/** One call along the way, and everything that was asked of the rooms, in order. */
async function go({ rooms = {}, meter = {}, asked = {}, work = async () => ({ data }) }: Plan = {}) {
  const told: string[] = [];
  const hold: AnswerHold = {
    ...unboundedHold,
    settle: (bytes) => void told.push(`keep ${bytes}`),
    release: () => void told.push('release'),
  };
  const all: Rooms = {
    clock: { now: () => 4_000, monotonic: () => 300, after: () => () => {} },
    deadlineMs: 1_000,
    enter: () => {
      told.push('enter');
      return { leave: () => void told.push('leave') };
    },
    nothingAt: (path) => new Failure('route_not_found', path),
    guardAddress: async (address) => void told.push(`guard ${address}`),
    identify: async ({ authorization }) => {
      told.push(`identify ${authorization}`);
      return { account: ACCOUNT, keyId: 'key_1' };
    },
    limitRate: async ({ id }) => {
      told.push(`limitRate ${id}`);
      return { accountId: id } as never;
    },
    reserveRoom: async (id, deadlineAtMs, hangUp) => {
      told.push(`room ${id} ${deadlineAtMs} ${hangUp.aborted}`);
      return hold;
    },
    noteQuota: ({ id }, { quota }) => void told.push(`note ${id} ${quota.remaining}`),
    readerFor: (call, noteMs) => ({
      get: async () => {
        const { accountId, weight, deadlineAtMs, requestId } = call;
        told.push(`get ${accountId} ${weight} ${deadlineAtMs} ${requestId} ${call.room === hold}`);
        noteMs(30);
        noteMs(12);
        return null as never;
      },
      believes: (url): url is URL => url !== null,
    }),
    retold: (refusal) => refusal,
    failureOf: (error) =>
      error instanceof Failure ? error : new Failure('internal', 'internal', { cause: error }),
    ...rooms,
    meter: {
      reserve: () => ({ admitted: false, waitMs: 1 }),
      spend: async ({ id }, slot): Promise<Spent> => {
        told.push(`spend ${id} ${JSON.stringify(slot)}`);
        return { granted: true, charge: CHARGE, reading: READING };
      },
      refund: (charge) => void told.push(`refund ${charge === CHARGE}`),
      read: async ({ id }) => {
        told.push(`read ${id}`);
        return READ;
      },
      ...meter,
    },
  };
  const ended = await answer(
    {
      requestId: 'id-1',
      door: 'http',
      row: rowOf(work),
      method: 'GET',
      path: '/v1/x',
      query: '',
      credentials: { 'x-oanor-key': undefined, authorization: 'key' },
      address: '10.0.0.1',
      receivedAtMs: 3_000,
      startedAtMs: 200,
      hangUp: new AbortController().signal,
      ...asked,
    },
    all,
  );
  return { ended, told };
}

const codeOf = ({ outcome }: { outcome: Awaited<ReturnType<typeof answer>>['outcome'] }) =>
  outcome.ok ? 'ok' : outcome.failure.code;
const ENTRANCE = ['enter', 'identify key', 'limitRate acct_1'];
const ROOM = 'room acct_1 1200 false';
const SPENT = [...ENTRANCE, ROOM, 'spend acct_1 {"accountId":"acct_1"}', 'note acct_1 41'];
const READS = 'get acct_1 20 1200 id-1 true';

describe('a call that is answered', () => {
  it('goes through every room once, in this order, and is charged as of its admission', async () => {
    const { ended, told } = await go();
    expect(told).toEqual([...SPENT, READS]);
    expect(ended).toMatchObject({
      outcome: { ok: true, answer: { data } },
      caller: { keyId: 'key_1' },
      reading: READING,
      atMs: READING.atMs,
      charge: 'charged',
      subject: null,
      upstreamMs: 42,
    });
  });

  it('holds its place and its room until the door says that the answer is gone', async () => {
    const { ended, told } = await go();
    told.length = 0;
    ended.stay.keep(7);
    expect(told).toEqual(['keep 7']);
    ended.stay.leave();
    expect(told).toEqual(['keep 7', 'release', 'leave']);
  });

  it.each([
    ['workspace=acme', 'acme'],
    ['repo=acme', 'acme/big'],
    ['', null],
  ])('%s is about %s', async (query, subject) => {
    expect((await go({ asked: { query } })).ended.subject).toBe(subject);
  });
});

describe('a call that is refused before it is spent costs nothing, and no later room hears of it', () => {
  const throws = (name: FailureName) => () => {
    throw failure(name);
  };
  const rejects = (name: FailureName) => async () => {
    throw failure(name);
  };
  const none = { granted: false, reading: READING, waitMs: 1_500 } as const;
  it.each([
    ['full house', { rooms: { enter: throws('overloaded') } }, 'overloaded', []],
    ['no endpoint', { asked: { row: null } }, 'route_not_found', ['enter', 'guard 10.0.0.1']],
    [
      'no endpoint, too often',
      { asked: { row: null }, rooms: { guardAddress: rejects('rate_exceeded') } },
      'rate_exceeded',
      ['enter'],
    ],
    ['no key', { rooms: { identify: rejects('key_missing') } }, 'key_missing', ['enter', 'guard 10.0.0.1']],
    [
      'a bad key',
      { rooms: { identify: rejects('key_invalid') } },
      'key_invalid',
      ['enter', 'guard 10.0.0.1'],
    ],
    [
      'bad keys, too often',
      { rooms: { identify: rejects('key_invalid'), guardAddress: rejects('rate_exceeded') } },
      'rate_exceeded',
      ['enter'],
    ],
    ['two keys', { rooms: { identify: rejects('invalid_request') } }, 'invalid_request', ['enter']],
    [
      'a store that is away',
      { rooms: { identify: rejects('store_unavailable') } },
      'store_unavailable',
      ['enter'],
    ],
    [
      'a fault of ours',
      {
        rooms: {
          identify: async () => {
            throw new TypeError('key_invalid');
          },
        },
      },
      'internal',
      ['enter'],
    ],
    [
      'a suspended account',
      { rooms: { identify: async () => ({ account: { ...ACCOUNT, suspended: true }, keyId: 'key_1' }) } },
      'subscription_inactive',
      ['enter', 'read acct_1'],
    ],
    [
      'an account that ends now',
      { rooms: { identify: async () => ({ account: { ...ACCOUNT, expiresAtMs: 4_000 }, keyId: 'key_1' }) } },
      'subscription_inactive',
      ['enter', 'read acct_1'],
    ],
    [
      'a full second',
      { rooms: { limitRate: rejects('rate_exceeded') } },
      'rate_exceeded',
      ['enter', 'identify key', 'read acct_1'],
    ],
    ['bad input', { asked: { query: 'x=1' } }, 'invalid_request', [...ENTRANCE, 'read acct_1']],
    [
      'no memory',
      { rooms: { reserveRoom: rejects('overloaded') } },
      'overloaded',
      [...ENTRANCE, 'read acct_1'],
    ],
    [
      'a full second of the fleet',
      { meter: { spend: async () => ({ ...none, by: 'rate' }) } },
      'rate_exceeded',
      [...ENTRANCE, ROOM, 'note acct_1 41', 'read acct_1'],
    ],
    [
      'a used month',
      { meter: { spend: async () => ({ ...none, by: 'quota' }) } },
      'quota_exhausted',
      [...ENTRANCE, ROOM, 'note acct_1 41', 'read acct_1'],
    ],
    [
      'a meter that is away',
      { meter: { spend: rejects('store_unavailable') } },
      'store_unavailable',
      [...ENTRANCE, ROOM, 'read acct_1'],
    ],
  ] as [string, Plan, string, string[]][])('%s', async (_name, plan, code, told) => {
    const seen = await go(plan);
    expect(codeOf(seen.ended)).toBe(code);
    expect(seen.told).toEqual(told);
    expect(seen.ended).toMatchObject({ charge: 'free', atMs: 3_000, upstreamMs: 0 });
    expect(seen.ended.reading).toBe(told.includes('read acct_1') ? READ : null);
    expect(seen.ended.caller?.keyId).toBe(told.includes('read acct_1') ? 'key_1' : undefined);
    seen.told.length = 0;
    seen.ended.stay.keep(1);
    seen.ended.stay.leave();
    const held = told.includes(ROOM) ? ['keep 1', 'release'] : [];
    const place = told.includes('enter') ? ['leave'] : [];
    expect(seen.told).toEqual([...held, ...place]);
  });

  it('the meter’s refusals say how long to wait, and what is used up', async () => {
    const refusalBy = async (by: 'rate' | 'quota') => {
      const { outcome } = (await go({ meter: { spend: async () => ({ ...none, by }) } })).ended;
      return outcome.ok ? null : outcome.failure;
    };
    const [rate, quota] = [await refusalBy('rate'), await refusalBy('quota')];
    expect([rate?.retryAfterMs, quota?.retryAfterMs]).toEqual([1_500, 1_500]);
    expect(rate?.message).toBe(
      'More than 20 calls in one second, the rate of the plan pro. Wait as long as Retry-After says.',
    );
    expect(quota?.message).toBe(
      'All 100 calls of this month are used. The next month begins at 1970-01-01T00:00:06.500Z; a larger plan goes on at once.',
    );
  });
});

describe('a call that is spent and not answered', () => {
  const ending = (error: unknown) => async () => {
    throw error;
  };

  it.each(['upstream_failed', 'upstream_timeout', 'exits_exhausted', 'overloaded', 'internal'] as const)(
    '%s is given back, and its answer says so already',
    async (name) => {
      const { ended, told } = await go({ work: ending(failure(name)) });
      expect(codeOf(ended)).toBe(name);
      expect(told).toEqual([...SPENT, READS, 'refund true']);
      expect(ended).toMatchObject({ charge: 'refunded', atMs: READING.atMs, upstreamMs: 42 });
      expect(ended.reading).toEqual({ ...READING, quota: { limit: 100, remaining: 42 } });
    },
  );

  it.each([
    'upstream_rejected',
    'upstream_forbidden',
    'upstream_not_found',
    'upstream_gone',
    'not_a_directory',
  ] as const)('%s is an answer and is charged', async (name) => {
    const { ended, told } = await go({ work: ending(failure(name)) });
    expect(codeOf(ended)).toBe(name);
    expect(told).toEqual([...SPENT, READS]);
    expect(ended).toMatchObject({ charge: 'charged', reading: READING });
  });

  it('a thrown error is ours: internal, given back', async () => {
    const { ended, told } = await go({ work: ending(new TypeError('x')) });
    expect([codeOf(ended), told.at(-1)]).toEqual(['internal', 'refund true']);
  });

  it('a caller who hung up is charged, however the call would have ended', async () => {
    const hungUp = new AbortController();
    const { ended, told } = await go({
      asked: { hangUp: hungUp.signal },
      work: async () => {
        hungUp.abort();
        throw failure('upstream_timeout');
      },
    });
    expect(told).toEqual([...SPENT, READS]);
    expect(ended).toMatchObject({ charge: 'charged', reading: READING });
  });

  it('the house may retell the refusal', async () => {
    const { ended } = await go({
      work: ending(failure('upstream_timeout')),
      rooms: { retold: ({ code }) => new Failure('draining', code) },
    });
    expect([codeOf(ended), ended.charge]).toEqual(['draining', 'refunded']);
  });
});

it('what a door refuses itself has no limits, costs nothing and holds nothing', async () => {
  const { ended } = await go();
  const refused = refusedAtDoor(ended.asked, failure('request_too_large'));
  expect(codeOf(refused)).toBe('request_too_large');
  expect(refused).toMatchObject({ charge: 'free', atMs: 3_000, caller: null, reading: null, subject: null });
  refused.stay.keep(1);
  refused.stay.leave();
});

it('no other order compiles', () => {
  type Result<Name extends keyof WaySteps> = Awaited<ReturnType<WaySteps[Name]>>;
  const right = (s: WaySteps, rooms: Rooms, read: Result<'readInput'>) =>
    s.reserveRoom(read, rooms).then((roomy) => s.spend(roomy, rooms));
  const wrong = [
    // @ts-expect-error a key is looked at behind the admission
    (s: WaySteps, rooms: Rooms, asked: Asked) => s.identify(asked, rooms),
    // @ts-expect-error the second is the account's
    (s: WaySteps, rooms: Rooms, admitted: Result<'admit'>) => s.limitRate(admitted, rooms),
    // @ts-expect-error the input is read behind the second
    (s: WaySteps, known: Result<'identify'>) => s.readInput(known),
    // @ts-expect-error memory is for calls that can be answered
    (s: WaySteps, rooms: Rooms, timely: Result<'limitRate'>) => s.reserveRoom(timely, rooms),
    // @ts-expect-error no call is spent on bad input
    (s: WaySteps, rooms: Rooms, timely: Result<'limitRate'>) => s.spend(timely, rooms),
    // @ts-expect-error no call is spent without memory for its answer
    (s: WaySteps, rooms: Rooms, read: Result<'readInput'>) => s.spend(read, rooms),
    // @ts-expect-error Bitbucket is asked for calls that were spent
    (s: WaySteps, rooms: Rooms, roomy: Result<'reserveRoom'>) => s.answerRow(roomy, rooms),
    // @ts-expect-error only what was spent is settled
    (s: WaySteps, rooms: Rooms, r: Result<'reserveRoom'>, o: Result<'answerRow'>) => s.settle(r, o, rooms),
    // @ts-expect-error and only with what it came to
    (s: WaySteps, rooms: Rooms, paid: Result<'spend'>) => s.settle(paid, paid, rooms),
  ];
  expect([right, ...wrong]).toHaveLength(10);
});
