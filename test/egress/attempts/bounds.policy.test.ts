import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MAX_WIRE_BYTES } from '../../../src/egress/attempts/body.ts';
import { DRAIN_BYTES, drainMs, isWorthDraining } from '../../../src/egress/attempts/drain.ts';
import { MAX_BODY_BYTES } from '../../../src/egress/attempts/inflate.ts';
import { upstreamBaseOf } from '../../../src/egress/attempts/redirect.ts';
import { RoomAsker } from '../../../src/egress/attempts/room-asker.ts';
import {
  inflatedLengthOf,
  lengthSaid,
  mostWireBytes,
  requestSizeOf,
} from '../../../src/egress/attempts/sizes.ts';
import { settlementOf } from '../../../src/egress/attempts/try-exit.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { REFUSED } from '../exits/world.ts';

const head = (status: number, headers: Record<string, string> = {}) => ({ status, headers });

describe('draining', () => {
  it('lasts three seconds for what was sent, six for what was not', () => {
    expect([drainMs(true), drainMs(false)]).toEqual([3_000, 6_000]);
  });

  it.each([
    ['no answer yet', null, DRAIN_BYTES.lost, true],
    ['an answer that does not say how long it is', head(200), DRAIN_BYTES.refused, true],
    ['one that is as long as may be', head(200, { 'content-length': '16384' }), DRAIN_BYTES.refused, true],
    ['one that is longer', head(200, { 'content-length': '16385' }), DRAIN_BYTES.refused, false],
    ['half a megabyte of a loser', head(200, { 'content-length': '524288' }), DRAIN_BYTES.lost, true],
    ['an error', head(500), DRAIN_BYTES.error, false],
    ['an error that says it is empty', head(500, { 'content-length': '0' }), DRAIN_BYTES.error, false],
  ])('%s: %#', (_name, answer, most, isWorth) => expect(isWorthDraining(answer, most)).toBe(isWorth));
});

describe('sizes', () => {
  it('a request counts its line, its host and its headers', () => {
    const line = 'GET /2.0/x HTTP/1.1\r\n'.length;
    const size = requestSizeOf('/2.0/x', { accept: 'application/json' });
    expect(size).toBeGreaterThan(line + 'accept: application/json\r\n'.length);
    expect(requestSizeOf('/2.0/x1', { accept: 'application/json' })).toBe(size + 1);
    expect(requestSizeOf('/2.0/x', { accept: 'application/json', a: 'b' })).toBe(size + 6);
  });

  it('a body is as long as its head says, or nobody knows', () => {
    expect([lengthSaid(head(200, { 'content-length': '12' })), lengthSaid(head(200))]).toEqual([12, 0]);
  });

  it('of a compressed body less is taken', () => {
    expect(mostWireBytes(head(200))).toBe(MAX_BODY_BYTES);
    expect(mostWireBytes(head(200, { 'content-encoding': 'gzip' }))).toBe(MAX_WIRE_BYTES);
  });

  it('room is needed for what a row reads: of a 2xx, in gzip, that will not be refused', () => {
    const wire = gzipSync('x'.repeat(5_000));
    const gzip = { 'content-encoding': 'gzip' };
    expect(inflatedLengthOf(head(200, gzip), [wire])).toBe(5_000);
    expect(inflatedLengthOf(head(299, gzip), [wire])).toBe(5_000);
    expect(inflatedLengthOf(head(300, gzip), [wire])).toBe(0);
    expect(inflatedLengthOf(head(200), [wire])).toBe(0);
    const large = Buffer.alloc(MAX_BODY_BYTES / 1_000);
    large.writeUInt32LE(MAX_BODY_BYTES, large.length - 4);
    expect(inflatedLengthOf(head(200, gzip), [large])).toBe(MAX_BODY_BYTES);
    large.writeUInt32LE(MAX_BODY_BYTES + 1, large.length - 4);
    expect(inflatedLengthOf(head(200, gzip), [large])).toBe(0);
  });

  it('the API’s root ends without a slash', () => {
    expect(upstreamBaseOf('https://a.example:444/bb/2.0//')).toEqual({
      origin: 'https://a.example:444',
      host: 'a.example:444',
      root: '/bb/2.0',
    });
  });
});

describe('room for an answer', () => {
  function createRoom() {
    const clock = createVirtualClock();
    const events: string[] = [];
    const waiting: (() => void)[] = [];
    let hasRoom = false;
    const asker = new RoomAsker({
      clock,
      room: {
        grow: (bytes, onRoom) => {
          events.push(`asked for ${bytes}`);
          if (!hasRoom) waiting.push(onRoom);
          return hasRoom;
        },
        release: () => {},
      },
      pause: () => void events.push('pause'),
      resume: () => void events.push('resume'),
      onRoom: () => void events.push('room'),
    });
    return {
      clock,
      events,
      asker,
      give: () => waiting.shift()?.(),
      open: (isOpen: boolean) => {
        hasRoom = isOpen;
      },
    };
  }

  it('is asked for piece by piece; nothing is asked for nothing', () => {
    const { asker, events, open } = createRoom();
    open(true);
    asker.ask(0);
    asker.ask(60);
    expect([events, asker.isWaiting, asker.pausedMs]).toEqual([['asked for 60'], false, 0]);
  });

  it('that is not there pauses the upstream until there is enough for all that came', async () => {
    const { clock, asker, events, give } = createRoom();
    asker.ask(60);
    await clock.pass(500);
    expect([asker.isWaiting, asker.pausedMs]).toEqual([true, 500]);
    asker.ask(30);
    give();
    expect([asker.isWaiting, events.includes('resume')]).toEqual([true, false]);
    await clock.pass(500);
    give();
    await clock.pass(500);
    expect([asker.isWaiting, asker.pausedMs]).toEqual([false, 1_000]);
    expect(events).toEqual(['asked for 60', 'pause', 'asked for 30', 'pause', 'resume', 'room']);
    asker.ask(10);
    await clock.pass(250);
    expect(asker.pausedMs).toBe(1_250);
  });

  it('that nobody needs any more is not asked for, and the upstream goes on', async () => {
    const { clock, asker, events, give } = createRoom();
    asker.ask(60);
    await clock.pass(500);
    asker.end();
    await clock.pass(500);
    give();
    expect([events, asker.isWaiting, asker.pausedMs]).toEqual([
      ['asked for 60', 'pause', 'resume'],
      false,
      500,
    ]);
  });
});

describe('what an exit is told of an attempt', () => {
  const end = { head: head(200), fault: null, sent: true, durationMs: 80, bytesUp: 1, bytesDown: 1 };
  const answer = { kind: 'answer', head: head(200), wire: [] } as const;

  it.each([
    ['an answer', answer, 'answered', {}, { kind: 'answered', status: 200, headers: {}, latencyMs: 80 }],
    ['the edge’s page', answer, 'blocked', {}, { kind: 'blocked', headers: {}, latencyMs: 80 }],
    [
      'a fault',
      answer,
      'refused',
      { fault: REFUSED, sent: false },
      { kind: 'fault', fault: REFUSED, sent: false },
    ],
    ['nothing', { kind: 'abandoned' }, 'abandoned', { head: null }, { kind: 'abandoned', sent: true }],
    ['no room', { kind: 'no_room' }, 'timeout', { fault: REFUSED }, { kind: 'abandoned', sent: true }],
  ] as const)('%s', (_name, result, name, more, told) =>
    expect(settlementOf(result, name, { ...end, ...more })).toEqual(told),
  );
});
