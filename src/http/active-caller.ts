import type { FastifyRequest } from 'fastify';
import type { Caller } from '../domain/account.ts';
import { refusalOfInactive } from '../keys/authenticate.ts';
import type { Rooms } from '../way/call.ts';
import { knownCaller } from '../way.ts';
import { askedBy } from './visit.ts';

/** Who asks for what is no endpoint, and may: as the way identifies callers, and refuses the same. */
export async function activeCaller(request: FastifyRequest, rooms: Rooms): Promise<Caller> {
  const caller = await knownCaller(askedBy(request, null), rooms);
  const refusal = refusalOfInactive(caller, rooms.clock.now());
  if (refusal !== null) throw refusal;
  return caller;
}
