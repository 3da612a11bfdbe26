import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { type BytesHold, unboundedHold } from '../../../src/domain/bytes-in-flight.ts';
import { Failure } from '../../../src/domain/failure.ts';
import { Attempt } from '../../../src/egress/attempts/attempt.ts';
import type { AttemptOptions } from '../../../src/egress/attempts/attempt-options.ts';
import { MAX_BODY_BYTES } from '../../../src/egress/attempts/inflate.ts';
import type { End, Result } from '../../../src/egress/attempts/result.ts';
import { createFairQueue } from '../../../src/egress/exits/fair-queue.ts';
import { TunnelError } from '../../../src/egress/sources/tunnel-error.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { createFakeDispatcher, type FakeRequest, JSON_TYPE } from './fake-dispatcher.ts';

/** An attempt with a deadline in 15 s, and all that was told of it. */
function begin(options: Partial<AttemptOptions> = {}, dispatcher = createFakeDispatcher()) {
  const clock = createVirtualClock();
  const results: Result[] = [];
  const ends: End[] = [];
  const attempt = new Attempt({
    exit: { connection: () => dispatcher, queue: createFairQueue(64) },
    accountId: 'a',
    origin: 'https://api.bitbucket.org',
    path: '/2.0/x',
    headers: { accept: 'application/json' },
    deadlineAtMs: clock.monotonic() + 15_000,
    clock,
    soon: (work) => work(),
    room: unboundedHold,
    refuse: undefined,
    onResult: (result) => void results.push(result),
    onEnd: (end) => void ends.push(end),
    ...options,
  });
  attempt.start();
  const [request] = dispatcher.requests;
  if (request === undefined) throw new Error('nothing was dispatched');
  return { attempt, clock, request, results, ends };
}

/** Room that is given when the test says so. */
function meteredHold(): BytesHold & { room: number; asked: number[]; free(bytes: number): void } {
  const waiting: { readonly bytes: number; readonly onRoom: () => void }[] = [];
  const hold = {
    room: 0,
    asked: [] as number[],
    grow: (bytes: number, onRoom: () => void) => {
      hold.asked.push(bytes);
      const fits = bytes <= hold.room;
      if (fits) hold.room -= bytes;
      else waiting.push({ bytes, onRoom });
      return fits;
    },
    release: () => {},
    free: (bytes: number) => {
      hold.room += bytes;
      for (const { bytes, onRoom } of waiting.splice(0))
        if (bytes > hold.room) waiting.push({ bytes, onRoom });
        else {
          hold.room -= bytes;
          onRoom();
        }
    },
  };
  return hold;
}

describe('an answer', () => {
  it('is told with its head and its pieces as they came', () => {
    const { request, results, ends } = begin();
    request
      .begin()
      .head(200, { 'Content-Type': 'application/json', 'X-Twice': ['a', 'b'] })
      .data('{"a"')
      .data(':1}')
      .end();
    expect(results).toEqual([
      {
        kind: 'answer',
        head: { status: 200, headers: { 'content-type': 'application/json', 'x-twice': 'a, b' } },
        wire: [Buffer.from('{"a"'), Buffer.from(':1}')],
      },
    ]);
    expect(ends).toMatchObject([{ sent: true, fault: null, head: { status: 200 } }]);
    expect(request.aborted).toBeNull();
  });

  it('counts what it cost on the wire, heads included', () => {
    const { request, ends } = begin();
    request.answer(200, '0123456789', { a: 'bc' });
    const [end] = ends;
    expect(end?.bytesDown).toBe(10 + 'HTTP/1.1 200 OK\r\na: bc\r\n\r\n'.length);
    expect(end?.bytesUp).toBeGreaterThan('GET /2.0/x HTTP/1.1\r\naccept: application/json\r\n'.length);
  });

  it('an interim head is not the answer, and no row is asked about it', () => {
    const asked: number[] = [];
    const { request, results } = begin({ refuse: ({ status }) => void asked.push(status) });
    request.begin().head(103).head(200).end();
    expect(asked).toEqual([200]);
    expect(results).toMatchObject([{ kind: 'answer', head: { status: 200 } }]);
  });
});

describe('an attempt that has ended is never sent', () => {
  it('after the deadline passed in the queue or the tunnel', async () => {
    const { clock, request, results, ends } = begin();
    await clock.pass(15_000);
    expect(results).toEqual([
      { kind: 'fault', fault: { verdict: 'timeout', words: 'timed out' }, sent: false },
    ]);
    request.begin();
    expect(request.sent).toBe(false);
    expect(ends).toMatchObject([{ sent: false, bytesUp: 0, durationMs: 15_000 }]);
  });

  it.each(['hung up', 'lost'] as const)('after it %s in the queue or the tunnel', (because) => {
    const { attempt, request, results, ends } = begin();
    attempt.abandon(because);
    expect([results, ends]).toEqual([[{ kind: 'abandoned' }], []]);
    request.begin();
    expect(request.sent).toBe(false);
    expect(ends).toMatchObject([{ sent: false, fault: null }]);
  });

  it('and is let go of when its tunnel says nothing for six seconds', async () => {
    const { attempt, clock, ends } = begin();
    attempt.abandon('hung up');
    await clock.pass(5_999);
    expect(ends).toEqual([]);
    await clock.pass(1);
    expect(ends).toMatchObject([{ sent: false, fault: null }]);
  });

  it('but how its tunnel failed is told', () => {
    const { attempt, request, ends } = begin();
    attempt.abandon('lost');
    const refused = new TunnelError('refused', 'the proxy refused the connection');
    request.fail(refused);
    expect(ends).toMatchObject([{ sent: false, fault: refused }]);
  });
});

describe('a sent request that nobody waits for', () => {
  it('is drained, so that its tunnel survives', async () => {
    const { attempt, request, results, ends } = begin();
    request.begin();
    attempt.abandon('hung up');
    expect([results, ends]).toEqual([[{ kind: 'abandoned' }], []]);
    request.head(200).data('{}').end();
    expect(request.aborted).toBeNull();
    expect(ends).toMatchObject([{ sent: true, fault: null, head: { status: 200 } }]);
  });

  it('takes no room any more', () => {
    const room = meteredHold();
    room.room = 10;
    const { attempt, request } = begin({ room });
    request.begin().head(200).data('0123456789');
    attempt.abandon('lost');
    request.data('0123456789');
    expect(room.asked).toEqual([10]);
  });

  it('is read on when it waited for room', () => {
    const { attempt, request } = begin({ room: meteredHold() });
    request.begin().head(200).data('0');
    expect(request.paused).toBe(true);
    attempt.abandon('lost');
    expect(request.paused).toBe(false);
  });

  it('for three seconds at most; silence is a fault only when it lost', async () => {
    for (const [because, verdict] of [
      ['hung up', undefined],
      ['lost', 'timeout'],
    ] as const) {
      const { attempt, clock, request, ends } = begin();
      request.begin();
      attempt.abandon(because);
      await clock.pass(2_999);
      expect(request.aborted).toBeNull();
      await clock.pass(1);
      expect(request.aborted).not.toBeNull();
      expect(ends.map(({ sent, fault }) => [sent, fault?.verdict])).toEqual([[true, verdict]]);
    }
  });

  it('for half a megabyte at most', () => {
    const { attempt, request, ends } = begin();
    request.begin().head(200);
    attempt.abandon('lost');
    request.data(Buffer.alloc(512 * 1024));
    expect(request.aborted).toBeNull();
    request.data('x');
    expect(request.aborted).not.toBeNull();
    expect(ends).toHaveLength(1);
  });

  it('not at all when it says that it is longer', () => {
    const { attempt, request } = begin();
    request.begin().head(200, { ...JSON_TYPE, 'content-length': String(512 * 1024 + 1) });
    attempt.abandon('lost');
    expect(request.aborted).not.toBeNull();
  });

  it('is abandoned once', () => {
    const { attempt, request, results } = begin();
    request.answer(200, '{}');
    attempt.abandon('lost');
    expect(results).toHaveLength(1);
  });
});

describe('the deadline', () => {
  it('ends a request whose answer does not come', async () => {
    const { clock, request, results, ends } = begin();
    request.begin();
    await clock.pass(14_999);
    expect(results).toEqual([]);
    await clock.pass(1);
    expect(results).toMatchObject([{ kind: 'fault', fault: { verdict: 'timeout' }, sent: true }]);
    expect(request.aborted).not.toBeNull();
    expect(ends).toMatchObject([{ sent: true, fault: { verdict: 'timeout' } }]);
  });

  it('ends a body that drips', async () => {
    const { clock, request, results } = begin();
    request.begin().head(200);
    for (let i = 0; i < 15; i += 1) {
      request.data(' ');
      await clock.pass(1_000);
    }
    expect(results).toMatchObject([{ kind: 'fault', fault: { verdict: 'timeout' } }]);
  });

  it('that has passed already still ends it', async () => {
    const { clock, results } = begin({ deadlineAtMs: 0 });
    await clock.pass(1);
    expect(results).toHaveLength(1);
  });

  it('is forgotten when the answer came', async () => {
    const { clock, request, results, ends } = begin();
    request.answer(200, '{}');
    await clock.pass(60_000);
    expect([results.length, ends.length]).toEqual([1, 1]);
  });
});

describe('a fault', () => {
  it('of the tunnel keeps its name, and was not sent', () => {
    const { request, results, ends } = begin();
    const fault = new TunnelError('credentials', 'the proxy refused the credentials (407)');
    request.fail(fault);
    expect(results).toEqual([{ kind: 'fault', fault, sent: false }]);
    expect(ends).toMatchObject([{ fault, sent: false, bytesUp: 0 }]);
  });

  it('behind the tunnel is a cut answer', () => {
    const { request, results } = begin();
    request
      .begin()
      .head(200)
      .data('{')
      .fail(Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }));
    const fault = { verdict: 'broken', words: 'the answer was cut (UND_ERR_SOCKET)' };
    expect(results).toEqual([{ kind: 'fault', fault, sent: true }]);
  });

  it('before it was sent, of no known kind', () => {
    const { request, results } = begin();
    request.fail(new TypeError('x'));
    const fault = { verdict: 'broken', words: 'the request could not be sent (TypeError)' };
    expect(results).toEqual([{ kind: 'fault', fault, sent: false }]);
  });
});

describe('what is too large', () => {
  it.each([
    ['8 MB compressed', { 'content-encoding': 'gzip' }, 8],
    ['32 MB plain', {}, 32],
  ])('above %s: ended at once', (_name, headers, megabytes) => {
    const { request, results } = begin();
    request.begin().head(200, { ...JSON_TYPE, ...headers });
    for (let i = 0; i < megabytes; i += 1) request.data(Buffer.alloc(1024 * 1024));
    expect(results).toEqual([]);
    request.data('x');
    expect(results).toMatchObject([{ kind: 'too_large', head: { status: 200 } }]);
    expect(request.aborted).not.toBeNull();
  });

  it('is believed to the byte, and of an error not at all', () => {
    for (const [status, length, ends] of [
      [200, MAX_BODY_BYTES, 0],
      [200, MAX_BODY_BYTES + 1, 1],
      [399, MAX_BODY_BYTES + 1, 1],
      [400, MAX_BODY_BYTES + 1, 0],
    ] as const) {
      const { request, results } = begin();
      request.begin().head(status, { 'content-length': String(length) });
      expect(results).toHaveLength(ends);
    }
  });

  it('an error says enough in 64 kB', () => {
    const { request, results, ends } = begin();
    request.begin().head(404, { 'content-type': 'text/plain', 'content-length': '99999999' });
    request.data(Buffer.alloc(64 * 1024, 0x61));
    expect(results).toEqual([]);
    request.data('b');
    expect(results).toMatchObject([{ kind: 'answer', head: { status: 404 } }]);
    expect(ends).toMatchObject([{ head: { status: 404 }, fault: null }]);
    expect(request.aborted).not.toBeNull();
  });
});

describe('refuse', () => {
  const failure = new Failure('not_a_directory', 'a file');

  it('ends the attempt at the head, whose small body is drained', () => {
    const refuse = vi.fn(() => failure);
    const { request, results, ends } = begin({ refuse });
    request.begin().head(200, { 'content-type': 'text/plain', 'content-length': '5' });
    expect(results).toMatchObject([{ kind: 'refused', failure, head: { status: 200 } }]);
    expect(ends).toEqual([]);
    request.data('12345').end();
    expect([request.aborted, ends.length]).toEqual([null, 1]);
    expect(refuse).toHaveBeenCalledWith({
      status: 200,
      headers: { 'content-type': 'text/plain', 'content-length': '5' },
    });
  });

  it('of a large body pays for none of it', () => {
    const { request } = begin({ refuse: () => failure });
    request.begin().head(200, { 'content-length': '16385' });
    expect(request.aborted).not.toBeNull();
  });

  it('of a body that does not say how long it is pays for 16 kB', () => {
    const { request } = begin({ refuse: () => failure });
    request
      .begin()
      .head(200)
      .data(Buffer.alloc(16 * 1024));
    expect(request.aborted).toBeNull();
    request.data('x');
    expect(request.aborted).not.toBeNull();
  });

  it('is not asked about errors', () => {
    const refuse = vi.fn(() => failure);
    const { request, results } = begin({ refuse });
    request.answer(400, '{}');
    expect([refuse.mock.calls, results]).toMatchObject([[], [{ kind: 'answer' }]]);
  });
});

describe('room', () => {
  it('is asked for each piece before the next one comes', () => {
    const room = meteredHold();
    room.room = 100;
    const { request, results } = begin({ room });
    request.begin().head(200).data('12345').data('678').end();
    expect([room.asked, request.paused, results.length]).toEqual([[5, 3], false, 1]);
  });

  it('that is not there pauses the upstream until there is some', () => {
    const room = meteredHold();
    const { request, results } = begin({ room });
    request.begin().head(200).data('12345');
    expect(request.paused).toBe(true);
    room.free(3);
    expect(request.paused).toBe(true);
    room.free(2);
    expect(request.paused).toBe(false);
    room.room = 1;
    request.data('6').end();
    expect(results).toMatchObject([{ kind: 'answer' }]);
    expect(room.asked).toEqual([5, 1]);
  });

  it('is waited for by every piece that came before the upstream stood still', () => {
    const room = meteredHold();
    const { request, results } = begin({ room });
    request.begin().head(200).data('12345').data('678');
    room.free(7);
    expect(request.paused).toBe(true);
    room.free(1);
    expect(request.paused).toBe(false);
    request.end();
    expect(results).toMatchObject([{ kind: 'answer' }]);
  });

  it('that is not there until the deadline ends the attempt as overloaded', async () => {
    const { clock, request, results, ends } = begin({ room: meteredHold() });
    request.begin().head(200).data('12345');
    await clock.pass(15_000);
    expect(results).toEqual([{ kind: 'no_room' }]);
    expect(ends).toMatchObject([{ sent: true, fault: null }]);
    expect(request.aborted).not.toBeNull();
  });

  it('is asked for what gzip will inflate to, before it is inflated', () => {
    const room = meteredHold();
    const text = 'a'.repeat(1_000);
    const wire = gzipSync(text);
    room.room = wire.length;
    const { request, results } = begin({ room });
    request
      .begin()
      .head(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
      .data(wire)
      .end();
    expect([room.asked, results]).toEqual([[wire.length, 1_000], []]);
    room.free(1_000);
    expect(results).toMatchObject([{ kind: 'answer', wire: [wire] }]);
  });

  it('waiting for it is not the exit’s time', async () => {
    const room = meteredHold();
    const { clock, request, ends } = begin({ room });
    request.begin().head(200);
    await clock.pass(100);
    request.data('12345');
    await clock.pass(5_000);
    room.free(5);
    await clock.pass(50);
    request.end();
    expect(ends).toMatchObject([{ durationMs: 150 }]);
  });

  it('that frees up behind the end wakes nobody', async () => {
    const room = meteredHold();
    const { attempt, request, results } = begin({ room });
    request.begin().head(200).data('12345');
    attempt.abandon('hung up');
    room.free(5);
    expect(results).toEqual([{ kind: 'abandoned' }]);
    expect(room.asked).toEqual([5]);
  });
});

describe('an answer that is whole', () => {
  it('is handed over when its turn comes, and counts until then', () => {
    const works: (() => void)[] = [];
    const { request, results, ends, clock } = begin({ soon: (work) => void works.push(work) });
    request.begin().head(200, JSON_TYPE).data('{}').end();
    expect([results, ends, works.length]).toEqual([[], [], 1]);
    for (const work of works) work();
    expect(results).toMatchObject([{ kind: 'answer', wire: [Buffer.from('{}')] }]);
    expect(ends).toHaveLength(1);
    expect(clock.pending()).toBe(0);
  });

  it('is handed over at the deadline, should its turn not have come by then', async () => {
    const works: (() => void)[] = [];
    const { request, results, ends, clock } = begin({ soon: (work) => void works.push(work) });
    request.begin().head(200, JSON_TYPE).data('{}').end();
    await clock.pass(15_000);
    expect(results).toMatchObject([{ kind: 'answer' }]);
    for (const work of works) work();
    expect(results).toHaveLength(1);
    expect(ends).toMatchObject([{ fault: null }]);
  });

  it('is nobody’s any more when its caller hung up before that', () => {
    const works: (() => void)[] = [];
    const { attempt, request, results, ends } = begin({ soon: (work) => void works.push(work) });
    request.begin().head(200, JSON_TYPE).data('{}').end();
    attempt.abandon('hung up');
    for (const work of works) work();
    expect(results).toEqual([{ kind: 'abandoned' }]);
    expect(ends).toMatchObject([{ head: { status: 200 }, fault: null, sent: true }]);
    expect(request.aborted).toBeNull();
  });
});

describe('while others have all connections', () => {
  /** One that is behind another in a queue of one place. */
  function behind() {
    const dispatcher = createFakeDispatcher();
    const exit = { connection: () => dispatcher, queue: createFairQueue(1, (work) => work()) };
    const leave = exit.queue.enter('b', () => {});
    const [results, ends] = [[] as Result[], [] as End[]];
    const clock = createVirtualClock();
    const attempt = new Attempt({
      exit,
      accountId: 'a',
      origin: 'https://api.bitbucket.org',
      path: '/2.0/x',
      headers: {},
      deadlineAtMs: clock.monotonic() + 15_000,
      clock,
      soon: (work) => work(),
      room: unboundedHold,
      refuse: undefined,
      onResult: (result) => void results.push(result),
      onEnd: (end) => void ends.push(end),
    });
    attempt.start();
    return { attempt, clock, dispatcher, leave, exit, results, ends };
  }

  it('it waits, and is dispatched when its turn comes; the next one when it has ended', () => {
    const { dispatcher, leave, exit, attempt } = behind();
    expect(dispatcher.requests).toHaveLength(0);
    leave();
    expect(dispatcher.requests).toHaveLength(1);
    let isNext = false;
    exit.queue.enter('c', () => {
      isNext = true;
    });
    expect(isNext).toBe(false);
    attempt.abandon('lost');
    dispatcher.requests[0]?.begin();
    expect(isNext).toBe(true);
  });

  it('it ends at once when it is abandoned, and is never dispatched', () => {
    const { attempt, dispatcher, leave, results, ends } = behind();
    attempt.abandon('hung up');
    expect(ends).toMatchObject([{ head: null, fault: null, sent: false, bytesUp: 0 }]);
    leave();
    expect([results, dispatcher.requests]).toEqual([[{ kind: 'abandoned' }], []]);
  });

  it('one that fails as it is dispatched leaves its place', () => {
    const queue = createFairQueue(1);
    const dispatcher = createFakeDispatcher((request) => request.fail(new Error('closed')));
    const { clock } = begin({ exit: { connection: () => dispatcher, queue } }, dispatcher);
    let isNext = false;
    queue.enter('c', () => {
      isNext = true;
    });
    expect([isNext, clock.pending()]).toEqual([true, 0]);
  });

  it.each([
    ['whole: the next call gets its connection', 0, (request: FakeRequest) => request.answer(200, '{}')],
    ['cut: the next call gets another', 1, (request: FakeRequest) => request.fail(new Error('cut'))],
  ])('it ends %s', (_name, place, end) => {
    const queue = createFairQueue(4);
    const taken: number[] = [];
    const dispatcher = createFakeDispatcher();
    const others = [queue.enter('b', () => {}), queue.enter('c', () => {})];
    others[1]?.(true);
    begin({ exit: { connection: () => dispatcher, queue } }, dispatcher);
    others[0]?.(true);
    end(dispatcher.requests[0] as FakeRequest);
    queue.enter('c', (at) => void taken.push(at));
    expect(taken).toEqual([1 - place]);
  });

  it('its deadline is no fault of the exit', async () => {
    const { clock, dispatcher, leave, results, ends } = behind();
    await clock.pass(15_000);
    expect(results).toMatchObject([{ kind: 'fault', fault: { verdict: 'timeout' }, sent: false }]);
    expect(ends).toMatchObject([{ fault: null, sent: false }]);
    leave();
    expect(dispatcher.requests).toEqual([]);
  });
});

it('no timer is left when it has ended, drained or not', async () => {
  const whole = begin();
  whole.request.answer(200, '{}');
  const drained = begin();
  drained.request.begin();
  drained.attempt.abandon('lost');
  expect(drained.clock.pending()).toBe(1);
  drained.request.head(200).data('{}').end();
  expect([whole.clock.pending(), drained.clock.pending()]).toEqual([0, 0]);
});
