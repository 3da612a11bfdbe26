import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access.ts';
import { knockOf } from '../credentials.ts';
import { DoorFailure } from '../failure.ts';
import { type Asset, loadAssets } from './assets.ts';
import { type Dashboard, MAX_LISTENERS } from './dashboard.ts';

/** `/`, the files it is made of, and what keeps it up to date. For those who were let in. */
export function serveDashboard(server: FastifyInstance, dashboard: Dashboard, access: Access): void {
  let loaded: ReadonlyMap<string, Asset> | undefined;
  const send = async (name: string, request: FastifyRequest, reply: FastifyReply) => {
    loaded ??= loadAssets();
    const asset = loaded.get(name);
    if (asset === undefined) throw new DoorFailure('not_found', 'There is nothing here. See /.');
    const answer = await asset.text.answer({
      acceptEncoding: request.headers['accept-encoding'],
      ifNoneMatch: request.headers['if-none-match'],
    });
    reply.headers({ ...answer.headers, 'content-type': asset.type, 'cache-control': 'private, no-cache' });
    return reply.code(answer.status).send(answer.body);
  };
  server.get('/', (request, reply) => send('index.html', request, reply));
  server.get<{ Params: { name: string } }>('/dashboard/:name', (request, reply) =>
    send(request.params.name, request, reply),
  );
  serveFrames(server, dashboard, access);
}

/** Frames as server-sent events, until the reader goes, its login ends or the door closes. */
function serveFrames(server: FastifyInstance, dashboard: Dashboard, access: Access): void {
  server.addHook('preClose', async () => dashboard.close());
  server.get('/dashboard/frames', { exposeHeadRoute: false }, async (request, reply) => {
    const knock = knockOf(request);
    const stream = new PassThrough();
    const leave = dashboard.listen({
      isReady: () => !stream.writableNeedDrain,
      isLetIn: () => isLetIn(access, knock),
      tell: (frame) => stream.write(`data: ${frame}\n\n`),
      end: () => stream.end(),
    });
    if (leave === null)
      throw new DoorFailure(
        'rate_exceeded',
        `${MAX_LISTENERS} dashboards are open, which is all there may be.`,
        {
          retryAfterMs: 10_000,
        },
      );
    stream.once('close', leave);
    return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream);
  });
}

function isLetIn(access: Access, knock: ReturnType<typeof knockOf>): boolean {
  try {
    access.check(knock);
    return true;
  } catch {
    return false;
  }
}
