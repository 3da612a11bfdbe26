import { table } from '../../../src/endpoints/table.ts';
import type { Answers } from '../../../src/http/answers.ts';
import type { Tell } from '../../../src/http/door.ts';
import { answerBodyOf, headersOf } from '../../../src/http/send.ts';
import type { Ended, Rooms } from '../../../src/way/call.ts';
import { answer } from '../../../src/way.ts';
import type { Machine } from './machine.ts';

/** A call as its caller makes it. */
export interface Question {
  readonly requestId: string;
  /** Behind `/bitbucket-api`. */
  readonly path: string;
  readonly query: string;
  readonly key: string;
  /** How long the caller takes to read the answer, ms. */
  readonly readMs: number;
}

/** What a caller holds in the end; null: the connection was cut before there was an answer. */
export type Reply = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
} | null;

/** A call under way, as its caller sees it. */
export interface Conversation {
  hangUp(): void;
}

/** The callers' door: what `http/` does between a request and the way, without Fastify. */
export interface Door {
  /** `replied` is called once, unless the caller hangs up first. */
  ask(question: Question, replied: (reply: Reply) => void): Conversation;
  readonly answers: Pick<Answers, 'quiet' | 'part' | 'hurry' | 'cut' | 'isAnswering'>;
  /** Every connection ends, as with the process. */
  cut(): void;
  /** Nobody listens from now on. */
  close(): void;
  readonly isOpen: boolean;
}

interface Visit {
  isAnswered: boolean;
  /** Ends it without a further word. */
  end(): void;
}

export function createDoor({
  rooms,
  machine,
  tell,
}: {
  readonly rooms: Rooms;
  readonly machine: Machine;
  readonly tell: Tell;
}): Door {
  const visits = new Set<Visit>();
  let quiet: (() => void)[] = [];
  let isOpen = true;
  const gone = (visit: Visit) => {
    visits.delete(visit);
    if (visits.size > 0) return;
    for (const settle of quiet) settle();
    quiet = [];
  };

  const ask: Door['ask'] = (question, replied) => {
    const hangUp = new AbortController();
    let ended: { readonly stay: Ended['stay']; leave(hungUp: boolean): void } | null = null;
    let isOver = false;
    const over = (reply: Reply | 'hung up') => {
      if (isOver) return;
      isOver = true;
      if (reply === 'hung up') hangUp.abort();
      else replied(reply);
      ended?.leave(reply === 'hung up' || reply === null);
      gone(visit);
    };
    const visit: Visit = { isAnswered: false, end: () => over(null) };
    visits.add(visit);
    const serve = async () => {
      const came = await answer(askedBy(question, machine, hangUp.signal), rooms);
      const { bytes, reply } = await replyTo(came, machine);
      came.stay.keep(bytes);
      ended = {
        stay: came.stay,
        leave: (hungUp) => {
          came.stay.leave();
          tell(came, { bytesOut: hungUp ? 0 : bytes, hungUp });
        },
      };
      visit.isAnswered = true;
      if (isOver) ended.leave(true);
      else machine.clock.after(question.readMs, () => over(reply));
    };
    if (machine.isDead) over(null);
    else machine.deliver(() => void serve());
    return { hangUp: () => machine.isDead || machine.deliver(() => over('hung up')) };
  };

  return {
    ask,
    cut: () => {
      for (const visit of [...visits]) visit.end();
    },
    close: () => {
      isOpen = false;
    },
    get isOpen() {
      return isOpen;
    },
    answers: {
      isAnswering: () => false,
      part: () => {},
      hurry: () => {},
      quiet: () => (visits.size === 0 ? Promise.resolve() : new Promise((settle) => void quiet.push(settle))),
      cut: () => {
        for (const visit of [...visits]) if (visit.isAnswered) visit.end();
      },
    },
  };
}

const askedBy = ({ requestId, path, query, key }: Question, { clock }: Machine, hangUp: AbortSignal) => ({
  requestId,
  door: 'http' as const,
  row: table.find((row) => row.path === path) ?? null,
  method: 'GET',
  path: `/bitbucket-api${path}`,
  query,
  conditions: [],
  credentials: { 'x-oanor-key': key, authorization: undefined },
  address: '192.0.2.1',
  receivedAtMs: clock.now(),
  startedAtMs: clock.monotonic(),
  hangUp,
});

/** The bytes that leave, as one text. */
async function replyTo(ended: Ended, { clock }: Machine) {
  const { pieces, bytes } = await answerBodyOf(ended, '', 'identity');
  const headers = headersOf(ended, '', clock.monotonic());
  const status = ended.outcome.ok ? 200 : ended.outcome.failure.status;
  return { bytes, reply: { status, headers, body: Buffer.concat(pieces).toString() } };
}
