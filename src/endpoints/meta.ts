import { z } from 'zod';
import { bodyOf } from '../envelope/body.ts';
import { metaBrief } from './briefs.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { Meta } from './schemas.ts';

/** The row that tells about the others; `others` is how many there are. */
export function metaRowOf(others: number): Endpoint {
  const data = bodyOf(
    Buffer.from(
      JSON.stringify({
        auth: 'none upstream (no token); this gateway requires x-oanor-key',
        name: 'Bitbucket API',
        note: "Public repositories (detail, commits, branches, tags, pull requests, watchers, forks, file tree) and workspaces (profile + repository list). Pass repo as 'workspace/slug'. Live, no cache; paginated with page + pagelen (max 100). (Member lists and global repo search require auth on Bitbucket and are not exposed.)",
        source:
          'Bitbucket Cloud API 2.0 (api.bitbucket.org/2.0), unauthenticated public read — via rotating proxy',
        endpoints: others + 1,
      }),
    ),
  );
  return endpoint({
    path: '/v1/meta',
    operationId: 'getMeta',
    tag: 'Meta',
    summary: 'Spec',
    description: 'What this API is and where its data comes from. Asks nothing of Bitbucket.',
    message: 'Meta',
    data: Meta,
    brief: metaBrief,
    input: z.strictObject({}),
    answer: async () => ({ data }),
  });
}
