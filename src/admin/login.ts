import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Access } from './access.ts';
import { loginCookie, logoutCookie } from './credentials.ts';
import { doorFailureOf } from './failure.ts';
import { loginPage } from './pages.ts';

const HTML = 'text/html; charset=utf-8';

/** The form that asks for the token; `problem` says why it is shown again. */
export const sendLogin = (reply: FastifyReply, status: number, problem?: string): FastifyReply =>
  reply.code(status).type(HTML).send(loginPage(problem));

/** The login page, and the way out. */
export function serveLogin(server: FastifyInstance, access: Access): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  server.get('/login', async (_request, reply) => sendLogin(reply, 200));
  server.post('/login', async (request, reply) => {
    const token = request.body instanceof URLSearchParams ? (request.body.get('token') ?? '') : '';
    try {
      reply.header('set-cookie', loginCookie(access.login(token.trim(), request.ip)));
    } catch (error) {
      const failure = doorFailureOf(error);
      return sendLogin(reply, failure.status, failure.message);
    }
    return reply.redirect('/', 303);
  });
  server.post('/logout', async (_request, reply) => {
    reply.header('set-cookie', logoutCookie);
    return reply.redirect('/login', 303);
  });
}
