import { client } from './client/client.gen.js';
import { getMeta, getRepository, listBranches } from './client/sdk.gen.js';

/** What a subscriber does with @hey-api/openapi-ts. Arguments: base URL, key. */
const [baseUrl = '', key = ''] = process.argv.slice(2);
client.setConfig({ baseUrl, auth: () => key });
const repo = 'atlassian/atlassian-event';

const found = await getRepository({ query: { repo } });
if (found.data?.success !== true) throw new Error('no success');
const name: string | undefined = found.data.data.full_name;
if (name !== repo) throw new Error(`another repository: ${name}`);

const refused = await getRepository({ query: { repo: 'gitlab.com/a/b/c' } });
if (refused.error?.success !== false || refused.error.meta.code !== 'invalid_request')
  throw new Error('no 400');

async function branchesFrom(page: number): Promise<number> {
  const list = await listBranches({ query: { repo: 'acme/big', pagelen: 100, page } });
  if (list.data === undefined) throw new Error(list.error.message);
  const link = list.response?.headers.get('link') ?? '';
  const next = /[?&]page=(\d+)[^>]*>; rel="next"/.exec(link)?.[1];
  return list.data.data.values.length + (next === undefined ? 0 : await branchesFrom(Number(next)));
}
const branches = await branchesFrom(1);
if (branches !== 249) throw new Error(`${branches} branches`);

const crowd = await Promise.all(Array.from({ length: 200 }, () => getMeta()));
const over = crowd.find(({ response }) => response?.status === 429);
if (over?.error?.meta.code !== 'rate_exceeded') throw new Error('no 429');
