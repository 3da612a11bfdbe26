import { type Account, type Caller, limitsOf } from './domain/account.ts';
import type { AnswerHold } from './domain/bytes-in-flight.ts';
import type { Clock } from './domain/clock.ts';
import { Failure } from './domain/failure.ts';
import type { ChargeOutcome } from './domain/telemetry.ts';
import type { UpstreamCall } from './domain/upstream.ts';
import type { Answer, Endpoint, Reader } from './endpoints/endpoint.ts';
import { readInput as parseInput } from './endpoints/read-input.ts';
import type { Conditions } from './envelope/etag.ts';
import { refusalOfInactive } from './keys/authenticate.ts';
import type { Credentials } from './keys/credentials.ts';
import type { Charge, LimitReading, Meter, Slot } from './limits/meter.ts';
import { refusalOfMeter } from './limits/refusals.ts';

/** What was asked, by whichever door it came in. */
export interface Asked {
  /** UUID; `meta.request_id` and the `x-request-id` header. */
  readonly requestId: string;
  readonly door: 'http' | 'mcp';
  /** Null where the door found no endpoint behind `method` and `path`. */
  readonly row: Endpoint | null;
  readonly method: string;
  readonly path: string;
  /** As it came, still percent-encoded, without the question mark. */
  readonly query: string;
  /** What the caller has already. */
  readonly conditions?: Conditions;
  readonly credentials: Credentials;
  /** The caller's own, behind trusted balancers; an IPv6 one counts by its /64. */
  readonly address: string;
  /** W3C trace context as the caller sent it, for the story alone. */
  readonly traceparent?: string | undefined;
  /** Epoch ms. */
  readonly receivedAtMs: number;
  /** The same moment on the clock that never goes back. */
  readonly startedAtMs: number;
  /** Aborted when the caller hangs up. */
  readonly hangUp: AbortSignal;
}

/** What a call came to. */
export type Outcome =
  | { readonly ok: true; readonly row: Endpoint; readonly answer: Answer }
  | { readonly ok: false; readonly failure: Failure };

/** A call at its end: all that its answer and its story tell. Nothing of it changes the month any more. */
export interface Ended {
  readonly asked: Asked;
  readonly outcome: Outcome;
  /** Null where no key was known. */
  readonly caller: Caller | null;
  /** Both limits as of the call's admission, its own refund included; null where nothing can be said. */
  readonly reading: LimitReading | null;
  /** Epoch ms, `meta.timestamp`: of the admission of a spent call, else of the arrival. */
  readonly atMs: number;
  readonly charge: ChargeOutcome;
  /** What of the input may be told to the operator: a repository or a workspace. */
  readonly subject: string | null;
  readonly upstreamMs: number;
  /** Whose end the door tells, exactly once, when the answer was flushed, cut or thrown away. */
  readonly stay: Stay;
}

/** A call's place in the house, from its admission until its answer is gone. */
export interface Place {
  leave(): void;
}

/** As `Place`, with the memory that the answer takes. */
export interface Stay extends Place {
  /** The answer is whole and takes this many bytes until it is gone. */
  keep(bytes: number): void;
}

/** What the way needs of the house. Each says which refusals it may throw or reject with. */
export interface Rooms {
  readonly clock: Clock;
  /** Longest time a call may take, ms, retries included. */
  readonly deadlineMs: number;
  /** A place among the calls under way. Throws `draining`, `overloaded`. */
  enter(requestId: string): Place;
  /** What to say where there is no endpoint: `route_not_found`, `method_not_allowed`. */
  nothingAt(path: string): Failure;
  /** Counts a call of nobody known by its address. Rejects with `rate_exceeded`. */
  guardAddress(address: string): Promise<void>;
  /** Rejects with `key_missing`, `key_invalid`, `invalid_request`, `store_unavailable`. */
  identify(given: Credentials): Promise<Caller>;
  /** A place in this gateway's own second. Rejects with `rate_exceeded`. */
  limitRate(account: Account): Promise<Slot>;
  /** The first bytes of an answer. Rejects with `overloaded` where there is no room until the deadline. */
  reserveRoom(accountId: string, deadlineAtMs: number, hangUp: AbortSignal): Promise<AnswerHold>;
  readonly meter: Meter;
  /** Told of each reading of a spent call, for the warnings at 80, 90 and 100 % of a month. */
  noteQuota(account: Account, reading: LimitReading): void;
  /** Bitbucket, as this call may read it; `noteMs` learns the time spent waiting for it. */
  readerFor(call: UpstreamCall, noteMs: (ms: number) => void): Reader;
  /** The refusal that stands in place of one: a call past its deadline while the gateway drains. */
  retold(failure: Failure): Failure;
  /** What is no `Failure` becomes one. */
  failureOf(error: unknown): Failure;
}

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
    const roomy = await reserveRoom(read, rooms); //    503 overloaded
    const paid = await spend(roomy, rooms); //          429 rate_exceeded, quota_exhausted: all gateways · 503 store_unavailable
    const outcome = await answerRow(paid, rooms); //    400 403 404 410 upstream_… · 502 upstream_failed · 503 exits_exhausted · 504
    return settle(paid, outcome, rooms); //             what was not the caller's doing is given back
  } catch (error) {
    return await refuse(trail, error, rooms); //        nothing was spent
  }
}

/** What was found out about a call, for whatever it ends with. */
class Trail {
  readonly asked: Asked;
  caller: Caller | null = null;
  place: Place | null = null;
  room: AnswerHold | null = null;
  subject: string | null = null;
  upstreamMs = 0;

  constructor(asked: Asked) {
    this.asked = asked;
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
export interface Steps {
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
  trail.place = rooms.enter(asked.requestId);
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

function endOf(trail: Trail, outcome: Outcome, end: Pick<Ended, 'charge' | 'reading' | 'atMs'>): Ended {
  const { asked, caller, subject, upstreamMs } = trail;
  return { asked, outcome, caller, subject, upstreamMs, ...end, stay: stayOf(trail) };
}

function stayOf({ room, place }: Trail): Stay {
  return {
    keep: (bytes) => room?.settle(bytes),
    leave: () => {
      room?.release();
      place?.leave();
    },
  };
}

/** What of the input an operator may see: `workspace/slug` or the workspace. */
function subjectOf({ repo, workspace }: Readonly<Record<string, unknown>>): string | null {
  if (typeof workspace === 'string') return workspace;
  const named = repo as { readonly workspace: string; readonly slug: string } | undefined;
  return named === undefined ? null : `${named.workspace}/${named.slug}`;
}

/** The end of what the door itself refused: no gate has spoken, nothing was spent. */
export const refusedAtDoor = (asked: Asked, failure: Failure): Ended =>
  endOf(
    new Trail(asked),
    { ok: false, failure },
    { charge: 'free', reading: null, atMs: asked.receivedAtMs },
  );

const deadlineOf = (asked: Asked, rooms: Rooms) => asked.startedAtMs + rooms.deadlineMs;

const withOneMore = ({ quota, ...reading }: LimitReading): LimitReading => ({
  ...reading,
  quota: { ...quota, remaining: quota.remaining + 1 },
});
