import { type Account, type Caller, limitsOf } from './domain/account.ts';
import type { AnswerHold } from './domain/bytes-in-flight.ts';
import { Failure } from './domain/failure.ts';
import { Spares } from './domain/spares.ts';
import type { UpstreamCall } from './domain/upstream.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { parseInput } from './endpoints/parse-input.ts';
import { refusalOfInactive } from './keys/authenticate.ts';
import type { Charge, LimitReading, Slot } from './limits/meter.ts';
import { refusalOfMeter } from './limits/refusals.ts';
import type { Asked, Ended, Outcome, Rooms } from './way/call.ts';
import { endOf, subjectOf, Trail } from './way/trail.ts';

/**
 * The way of a call, whichever door it came in by. Each step takes what the step before it gave, so that no other
 * order compiles. Never rejects: a refusal is an end as well.
 */
export async function answer(asked: Asked, rooms: Rooms): Promise<Ended> {
  const trail = new Trail(asked);
  try {
    const admitted = await admit(trail, rooms); //      404 route_not_found · 405 method_not_allowed · 503 draining, overloaded
    const known = await identify(admitted, rooms); //   401 key_missing, key_invalid · 402 subscription_inactive · 503 store_unavailable
    const timely = await limitRate(known, rooms); //    429 rate_exceeded: this gateway's own second
    const read = readInput(timely); //                  400 invalid_request
    const roomy = await reserveRoom(read, rooms); //    503 overloaded: no memory for an answer until the deadline
    const paid = await spend(roomy, rooms); //          429 rate_exceeded, quota_exhausted: all gateways · 503 store_unavailable
    const outcome = await answerRow(paid, rooms); //    200 · 400 upstream_rejected, not_a_directory · 403 404 410 upstream_…
    //                                                  500 internal · 502 upstream_failed · 503 exits_exhausted, draining · 504 upstream_timeout
    return settle(paid, outcome, rooms); //             a 5xx is given back, all else is charged
  } catch (error) {
    return await refuse(trail, error, rooms); //        nothing was spent
  }
}

interface Admitted {
  readonly trail: Trail;
  readonly row: Endpoint;
}
interface Known extends Admitted {
  readonly account: Account;
}
interface Timely extends Known {
  readonly slot: Slot;
}
interface Read extends Timely {
  readonly input: Record<string, unknown>;
}
interface Roomy extends Read {
  readonly room: AnswerHold;
}
interface Paid extends Roomy {
  readonly charge: Charge;
  readonly reading: LimitReading;
}

/** The steps by their types alone, so that a test can plant another order. */
export interface WaySteps {
  readonly admit: typeof admit;
  readonly identify: typeof identify;
  readonly limitRate: typeof limitRate;
  readonly readInput: typeof readInput;
  readonly reserveRoom: typeof reserveRoom;
  readonly spend: typeof spend;
  readonly answerRow: typeof answerRow;
  readonly settle: typeof settle;
}

/** Is there room, and is this an endpoint? */
async function admit(trail: Trail, rooms: Rooms): Promise<Admitted> {
  const { asked } = trail;
  trail.permit = rooms.enter();
  if (asked.row !== null) return { trail, row: asked.row };
  await rooms.guardAddress(asked.address);
  throw rooms.nothingAt(asked.path);
}

/** Whose key is it, and may its account call? */
async function identify(admitted: Admitted, rooms: Rooms): Promise<Known> {
  const { trail } = admitted;
  const caller = await knownCaller(trail.asked, rooms);
  trail.caller = caller;
  const refusal = refusalOfInactive(caller, rooms.clock.now());
  if (refusal !== null) throw refusal;
  return { ...admitted, account: caller.account };
}

/** As `identify` of the rooms; who keeps trying without a good key is told so by the address. */
export async function knownCaller(
  asked: Pick<Asked, 'credentials' | 'address'>,
  rooms: Pick<Rooms, 'identify' | 'guardAddress'>,
): Promise<Caller> {
  try {
    return await rooms.identify(asked.credentials);
  } catch (error) {
    if (error instanceof Failure && error.code.startsWith('key_')) await rooms.guardAddress(asked.address);
    throw error;
  }
}

/** Is there room in this second? A place taken here stays taken whatever the input turns out to be. */
async function limitRate(known: Known, rooms: Rooms): Promise<Timely> {
  return { ...known, slot: await rooms.limitRate(known.account) };
}

/** What is asked for? */
function readInput(timely: Timely): Read {
  const { trail, row } = timely;
  const input = parseInput(row, trail.asked.query);
  trail.subject = subjectOf(input);
  return { ...timely, input };
}

/** Is there memory for an answer? Asked before the call is spent, so that a refusal here costs nothing. */
async function reserveRoom(read: Read, rooms: Rooms): Promise<Roomy> {
  const { trail, account } = read;
  const room = await rooms.reserveRoom(account.id, deadlineOf(trail.asked, rooms), trail.asked.hangUp);
  trail.room = room;
  return { ...read, room };
}

/** Is a call left, over all gateways? */
async function spend(roomy: Roomy, rooms: Rooms): Promise<Paid> {
  const { account, slot } = roomy;
  const spent = await rooms.meter.spend(account, slot);
  rooms.noteQuota(account, spent.reading);
  if (!spent.granted) throw refusalOfMeter(account, spent);
  return { ...roomy, charge: spent.charge, reading: spent.reading };
}

/** The row's own answer, or why there is none. */
async function answerRow({ trail, row, account, input, room }: Paid, rooms: Rooms): Promise<Outcome> {
  const { requestId, hangUp } = trail.asked;
  const call: UpstreamCall = {
    accountId: account.id,
    weight: limitsOf(account).callsPerSecond,
    deadlineAtMs: deadlineOf(trail.asked, rooms),
    hangUp,
    requestId,
    attempts: trail.attempts,
    spares: new Spares(),
    room,
  };
  const reader = rooms.readerFor(call, (ms) => {
    trail.upstreamMs += ms;
  });
  try {
    return { ok: true, row, answer: await row.answer(input, reader, trail.asked.conditions) };
  } catch (error) {
    return { ok: false, failure: rooms.retold(rooms.failureOf(error)) };
  }
}

/**
 * The month's last word, once a call and before the headers leave. What is our fault or Bitbucket's is given back;
 * a caller who hung up is charged however the call would have ended.
 */
function settle({ trail, charge, reading }: Paid, outcome: Outcome, rooms: Rooms): Ended {
  const given = !outcome.ok && !outcome.failure.charged && !trail.asked.hangUp.aborted;
  if (given) rooms.meter.refund(charge);
  return endOf(trail, outcome, {
    charge: given ? 'refunded' : 'charged',
    reading: given ? withOneMore(reading) : reading,
    atMs: reading.atMs,
  });
}

/** The end of a call that was never spent. */
async function refuse(trail: Trail, error: unknown, rooms: Rooms): Promise<Ended> {
  const failure = rooms.failureOf(error);
  const reading = trail.caller === null ? null : await rooms.meter.read(trail.caller.account);
  return endOf(trail, { ok: false, failure }, { charge: 'free', reading, atMs: trail.asked.receivedAtMs });
}

const deadlineOf = (asked: Asked, rooms: Rooms) => asked.startedAtMs + rooms.deadlineMs;

const withOneMore = ({ quota, ...reading }: LimitReading): LimitReading => ({
  ...reading,
  quota: { ...quota, remaining: quota.remaining + 1 },
});
