import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Bag, type Placed } from '../domain/bag.ts';

/** An answer that does not move for this long ends its connection, ms. */
const STALLED_MS = 30_000;

/** The answers that are not gone yet, and how they are hurried when the gateway closes. */
export interface Answers {
  /** Whether bytes of an answer are on their way through this socket, so that nothing else may be written to it. */
  isAnswering(socket: Socket): boolean;
  /** Settles once no answer is owed, now or later. */
  quiet(): Promise<void>;
  /** From now on answers are the last of their connections: who asks again is led to another gateway. */
  part(): void;
  /** The same, and they must move within `idleMs`. */
  hurry(idleMs: number): void;
  /** Cuts every answer that was begun. */
  cut(): void;
}

export interface AnswersOptions {
  /** How long an answer may stand still, ms. */
  readonly stalledMs?: number;
}

interface Owed extends Placed {
  readonly raw: ServerResponse;
}

/** Watches every answer of a server from its request to its last byte. Call it before any route is added. */
export function watchAnswers(
  server: FastifyInstance,
  { stalledMs = STALLED_MS }: AnswersOptions = {},
): Answers {
  const owed = new Bag<Owed>();
  let waiting: (() => void)[] = [];
  let idleMs = stalledMs;
  let last = false;

  const begun = () => owed.things.map(({ raw }) => raw).filter((raw) => raw.headersSent);
  const part = () => {
    last = true;
    for (const { raw } of owed.things) if (!raw.headersSent) raw.shouldKeepAlive = false;
  };
  const isGone = (answer: Owed) => {
    owed.take(answer);
    if (owed.things.length > 0) return;
    for (const settle of waiting) settle();
    waiting = [];
  };

  server.addHook('onRequest', (_request, { raw }, done) => {
    const answer: Owed = { raw, place: -1 };
    owed.put(answer);
    if (last) raw.shouldKeepAlive = false;
    raw.on('prefinish', () => expectMovement(raw, idleMs));
    raw.on('close', () => isGone(answer));
    done();
  });

  return {
    isAnswering: (socket) => begun().some((raw) => raw.socket === socket),
    quiet: () =>
      owed.things.length === 0 ? Promise.resolve() : new Promise((settle) => waiting.push(settle)),
    part,
    hurry: (ms) => {
      idleMs = ms;
      for (const raw of begun()) raw.socket?.setTimeout(ms);
      part();
    },
    cut: () => {
      for (const raw of begun()) raw.socket?.destroy();
    },
  };
}

/**
 * Ends the connection when nothing of the answer was taken for `idleMs`. The socket's own timer sees each byte that
 * the kernel takes, also inside one large write; it is put away before Node waits for the next request.
 */
function expectMovement(raw: ServerResponse, idleMs: number): void {
  const { socket } = raw;
  // Nearly always the kernel took it whole, and nothing is left that could stand still.
  if (socket === null || socket.writableLength === 0 || !('setTimeout' in socket)) return;
  socket.setTimeout(idleMs);
  raw.prependOnceListener('finish', () => socket.setTimeout(0));
}
