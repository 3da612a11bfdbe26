import type { FastifyRequest } from 'fastify';
import type { Knock } from './access.ts';
import { SESSION_MS } from './session.ts';

/** Its name tells doors on one host apart only by their token: cookies know no ports. */
const COOKIE = 'gateway-operator';

/** What a request shows at the door. */
export function knockOf(request: FastifyRequest): Knock {
  const { authorization, cookie, host = '', origin } = request.headers;
  return {
    bearer: authorization === undefined ? null : (/^bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? ''),
    session: sessionIn(cookie ?? ''),
    changes: request.method !== 'GET' && request.method !== 'HEAD',
    origin: origin ?? null,
    host,
    address: request.ip,
  };
}

function sessionIn(cookies: string): string | null {
  const found = cookies.split(/;\s*/).find((cookie) => cookie.startsWith(`${COOKIE}=`));
  return found === undefined ? null : found.slice(COOKIE.length + 1);
}

const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** Sets the login; no script reads it and no other site's page sends it. */
export const loginCookie = (session: string) =>
  `${COOKIE}=${session}; ${ATTRIBUTES}; Max-Age=${SESSION_MS / 1_000}`;
export const logoutCookie = `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
