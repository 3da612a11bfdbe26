import { expect, it } from 'vitest';
import { type BytesInFlight, createBytesInFlight } from '../src/domain/bytes-in-flight.ts';
import { Line } from '../src/domain/hang-up.ts';
import { reserveRoom } from '../src/reserve-room.ts';
import { createVirtualClock, settled } from './virtual-clock.ts';

const FIRST_BYTES = 65_536;

/** A memory of which others hold so many of `ofBytes`. */
function createMemory(ofBytes: number, held: number) {
  const memory = createBytesInFlight(ofBytes);
  const others = memory.open('others');
  others.settle(held);
  return { memory, others };
}

/** A call that asks for room, and what came of it. */
function ask(memory: BytesInFlight, deadlineMs: number, hangUp = new Line()) {
  const clock = createVirtualClock();
  clock.stall(5_000);
  const told: unknown[] = [];
  const accountId = 'acct_1';
  reserveRoom({ memory, clock, accountId, deadlineAtMs: 5_000 + deadlineMs, hangUp }).then(
    (hold) => told.push(hold),
    (error) => told.push(error),
  );
  return { clock, hangUp, told };
}

const HAS_ROOM = [{ release: expect.any(Function) }];
const OVERLOADED = [
  { code: 'overloaded', message: 'Too many answers are under way. Try again.', retryAfterMs: 1_000 },
];

it('64 kB are there at once, and are the answer’s own', async () => {
  const { memory } = createMemory(4 * FIRST_BYTES, FIRST_BYTES);
  const { clock, told } = ask(memory, 1_000);
  await clock.pass(0);
  expect(told).toMatchObject(HAS_ROOM);
  expect(memory.held()).toBe(2 * FIRST_BYTES);
});

it('where there is none it is waited for', async () => {
  const { memory, others } = createMemory(2 * FIRST_BYTES, 2 * FIRST_BYTES);
  const { clock, told } = ask(memory, 1_000);
  await clock.pass(999);
  expect(told).toEqual([]);
  others.release();
  await clock.pass(0);
  expect(told).toMatchObject(HAS_ROOM);
  expect(memory.held()).toBe(FIRST_BYTES);
});

it('until the deadline, and what comes too late is nobody’s', async () => {
  const { memory, others } = createMemory(2 * FIRST_BYTES, 2 * FIRST_BYTES);
  const { clock, told } = ask(memory, 1_000);
  await clock.pass(1_000);
  expect(told).toMatchObject(OVERLOADED);
  others.release();
  expect(memory.held()).toBe(0);
});

it.each([
  ['a deadline that has passed', 0],
  ['one that passed long ago', -1],
])('%s waits for nothing', async (_name, deadlineMs) => {
  const { memory } = createMemory(2 * FIRST_BYTES, 2 * FIRST_BYTES);
  const { told } = ask(memory, deadlineMs);
  await settled();
  expect(told).toMatchObject(OVERLOADED);
});

it('a caller who hangs up waits no longer, and keeps nothing', async () => {
  const { memory, others } = createMemory(2 * FIRST_BYTES, 2 * FIRST_BYTES);
  const { clock, hangUp, told } = ask(memory, 1_000);
  await clock.pass(100);
  hangUp.cut();
  await clock.pass(0);
  expect(told).toMatchObject(OVERLOADED);
  others.release();
  expect(memory.held()).toBe(0);
});

it('one who hung up before does not wait at all', async () => {
  const { memory } = createMemory(2 * FIRST_BYTES, 2 * FIRST_BYTES);
  const gone = new Line();
  gone.cut();
  const { told } = ask(memory, 1_000, gone);
  await settled();
  expect(told).toMatchObject(OVERLOADED);
});
