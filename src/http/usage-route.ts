import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account } from '../domain/account.ts';
import { Failure } from '../domain/failure.ts';
import type { UsageRow } from '../domain/usage.ts';
import { parseInput } from '../endpoints/parse-input.ts';
import { getUsage, lastMonths, type OwnUsage, USAGE_PATH, usageMonth } from '../endpoints/usage.ts';
import { aroundOf } from '../envelope/envelope.ts';
import { negotiate } from '../envelope/negotiate.ts';
import { respondText } from '../envelope/respond.ts';
import { limitHeadersOf, resetsOf } from '../limits/limit-headers.ts';
import type { LimitReading } from '../limits/meter.ts';
import type { Rooms } from '../way/call.ts';
import { activeCaller } from './active-caller.ts';
import { createListingGate } from './listing-gate.ts';
import { commonHeadersOf } from './send.ts';
import { headerOf, splitUrl, visitOf } from './visit.ts';

/** What an account used in a month; rejects while the store cannot be read. */
export type ReadUsage = (accountId: string, month: string) => Promise<readonly UsageRow[]>;

const RETRY_MS = 1_000;

/** What a key's account used and has left: free of charge, behind a gate of its own, and counted nowhere itself. */
export function serveUsage(server: FastifyInstance, rooms: Rooms, read: ReadUsage): void {
  const passGate = createListingGate(rooms.clock);
  server.route({
    method: ['GET', 'HEAD'],
    url: USAGE_PATH,
    handler: async (request, reply) => {
      const { account } = await activeCaller(request, rooms);
      passGate(account);
      const { months, pretty } = inputOf(request);
      const reading = await rooms.meter.read(account);
      if (reading === null) throw away();
      const data = await usageOf(account, reading, months, read);
      const around = aroundOf(
        { requestId: visitOf(request).requestId, atMs: reading.atMs },
        getUsage.message,
      );
      const text = Buffer.concat([around.head, Buffer.from(JSON.stringify(data)), around.tail]);
      const wish = { ...negotiate(headerOf(request, 'accept-encoding')), isPretty: pretty };
      const { encoding, pieces } = await respondText(text, wish);
      return reply
        .headers({
          ...commonHeadersOf(visitOf(request).requestId),
          ...limitHeadersOf(reading),
          ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
        })
        .send(Buffer.concat(pieces));
    },
  });
}

function inputOf(request: FastifyRequest): { readonly months: number; readonly pretty: boolean } {
  const [, query] = splitUrl(request.raw.url ?? '');
  const { months, pretty } = parseInput(getUsage, query);
  return { months: Number(months), pretty: pretty === true };
}

async function usageOf(
  account: Account,
  reading: LimitReading,
  count: number,
  read: ReadUsage,
): Promise<OwnUsage> {
  const { rate, quota, atMs } = reading;
  const { rateReset, quotaReset } = resetsOf(reading);
  const months = await Promise.all(
    lastMonths(atMs, count).map(async (month) =>
      usageMonth(
        month,
        await read(account.id, month).catch((cause) => {
          throw away(cause);
        }),
      ),
    ),
  );
  return {
    plan: account.plan,
    second: { limit: rate.limit, remaining: rate.remaining, reset: rateReset },
    month: {
      month: months[0]?.month ?? '',
      limit: quota.limit,
      remaining: quota.remaining,
      reset: quotaReset,
    },
    months,
  };
}

const away = (cause?: unknown) =>
  new Failure('store_unavailable', 'Usage cannot be looked up right now. Try again.', {
    retryAfterMs: RETRY_MS,
    cause,
  });
