import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { createStep } from '../domain/step.ts';
import { BASE_PATH, table } from '../endpoints/table.ts';
import type { Asked, Ended, Rooms } from '../way/call.ts';
import { refusedAtDoor } from '../way/trail.ts';
import { answer } from '../way.ts';
import { failureOf } from './known-errors.ts';
import { send } from './send.ts';
import { askedBy, hostFault, noteVisit, whenGone } from './visit.ts';

/** How an answer left. */
export interface Leaving {
  /** Body bytes that were handed to the caller. */
  readonly bytesOut: number;
  /** The caller went away before the last byte, or was cut. */
  readonly hungUp: boolean;
}

/** Tells the story of a call, once, when its answer is gone. */
export type Tell = (ended: Ended, leaving: Leaving) => void;

export interface DoorOptions {
  readonly rooms: Rooms;
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly tell: Tell;
}

export interface Door {
  /** Answers a request behind which there is no endpoint. */
  refuseUnknown(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

/** HTTP's part of the way: a request becomes `Asked`, what it came to becomes a reply. */
export function serveRows(server: FastifyInstance, { rooms, publicUrl, clock, tell }: DoorOptions): Door {
  const leave = async (reply: FastifyReply, ended: Ended): Promise<FastifyReply> => {
    const bytes = await send(reply, ended, { publicUrl, nowMs: clock.monotonic() });
    ended.stay.keep(bytes);
    whenGone(reply, (hungUp) => {
      ended.stay.leave();
      if (!hungUp && ended.outcome.ok) ended.outcome.answer.data.forget();
      tell(ended, { bytesOut: hungUp ? 0 : bytes, hungUp });
    });
    return reply;
  };
  const whenAllCameIn = createStep();
  const serve = async (reply: FastifyReply, asked: Asked) => {
    await new Promise<void>(whenAllCameIn);
    return leave(reply, await answer(asked, rooms));
  };
  const refuseUnknown: Door['refuseUnknown'] = (request, reply) => serve(reply, askedBy(request, null));

  server.decorateRequest('visit', null);
  server.addHook('onRequest', (request, reply, next) => {
    noteVisit(clock, request, reply);
    const fault = hostFault(request);
    if (fault !== undefined) {
      reply.raw.shouldKeepAlive = false;
      leave(reply, refusedAtDoor(askedBy(request, null), fault)).catch(next);
    } else if (request.is404) refuseUnknown(request, reply).catch(next);
    else next();
  });
  for (const row of table) {
    server.route({
      method: ['GET', 'HEAD'],
      url: BASE_PATH + row.path,
      handler: (request, reply) => serve(reply, askedBy(request, row)),
    });
  }
  server.setErrorHandler((error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    leave(reply, refusedAtDoor(askedBy(request, null), failureOf(error))),
  );
  return { refuseUnknown };
}
