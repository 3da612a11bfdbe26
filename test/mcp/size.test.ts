import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitOf, dateOf, hashOf, pullRequestOf } from '../bitbucket/objects.ts';
import { createGateway, type Envelope, type Gateway } from '../gateway.ts';

const MAX_BYTES = 60_000;
const LISTS = {
  listBranches: { repo: 'acme/big' },
  listCommits: { repo: 'acme/big' },
  listForks: { repo: 'acme/big' },
  listPullRequests: { repo: 'acme/big', state: 'OPEN,MERGED' },
  getFileTree: { repo: 'acme/big', path: 'many' },
  listTags: { repo: 'atlassian/atlassian-event' },
  listWatchers: { repo: 'atlassian/atlassian-event' },
  listWorkspaceRepositories: { workspace: 'atlassian' },
} as const;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterAll(() => gateway.close());

/** One tool call: all bytes of its answer, its texts, the envelope, and the arguments it says go on. */
async function call(name: string, given: Record<string, unknown>) {
  const { body, rawPayload } = await gateway.postMcp({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: given },
  });
  const { result } = JSON.parse(body) as {
    result: { content: { type: string; text: string }[]; isError: boolean };
  };
  const [text = '', ...advice] = result.content.map((part) => part.text);
  const onward = /\{.*\}/.exec(advice.at(-1) ?? '')?.[0];
  return {
    bytes: rawPayload.length,
    types: result.content.map(({ type }) => type),
    isError: result.isError,
    text,
    body: JSON.parse(text) as Envelope,
    advice: advice.join(' '),
    next: onward === undefined ? undefined : (JSON.parse(onward) as Record<string, unknown>),
  };
}

/** A page of `values` in place of Bitbucket's own at `path`. */
function plant(path: string, page: string | object): void {
  gateway.standIn.fault(path, (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(typeof page === 'string' ? page : JSON.stringify(page));
  });
}

/** As people write them. */
const SUBJECTS = [
  'Merged in feature/EVENT-123-listeners (pull request #219)',
  'EVENT-87: Keep the order of listeners that were registered together',
  'Upgrade spring to 6.1.14',
  '[skip ci] prepare for next development iteration',
];
const commits = Array.from({ length: 100 }, (_, i) => ({
  ...commitOf('atlassian/atlassian-event', hashOf(`c${i}`), dateOf(i), `${SUBJECTS[i % 4]}\n\nAnd why.\n`),
  parents: i % 4 === 0 ? [{ hash: hashOf('a') }, { hash: hashOf('b') }] : [{ hash: hashOf('a') }],
}));
const pullRequests = Array.from({ length: 50 }, (_, i) => ({
  ...pullRequestOf('atlassian/atlassian-event', 1_000 - i, 'MERGED'),
  title: SUBJECTS[i % 4],
  created_on: '2018-11-06T15:43:55.296636+00:00',
  updated_on: '2018-11-06T15:43:55.494768+00:00',
}));
const averageOf = (items: readonly unknown[]) =>
  items.reduce((sum: number, item) => sum + Buffer.byteLength(JSON.stringify(item)), 0) / items.length;

describe('at pagelen 100', () => {
  const sizes: Record<string, { brief: number; full: number; calls: number }> = {};
  afterAll(() => console.table(sizes));

  it.each(Object.entries(LISTS))(
    '%s has at most 60,000 bytes, brief and full, and every item comes once',
    async (name, given) => {
      const key = name === 'getFileTree' ? 'entries' : 'values';
      const brief = await call(name, { ...given, pagelen: 100 });
      const all: unknown[] = [];
      let page: Record<string, unknown> | undefined = { ...given, pagelen: 100, detail: 'full' };
      let [full, calls] = [0, 0];
      while (page !== undefined) {
        const { bytes, body, next, isError } = await call(name, page);
        expect([isError, bytes <= MAX_BYTES]).toEqual([false, true]);
        all.push(...body.data[key]);
        full = Math.max(full, bytes);
        calls += 1;
        page = next !== undefined && 'cursor' in next ? next : undefined;
      }
      sizes[name] = { brief: brief.bytes, full, calls };
      expect(brief.bytes).toBeLessThanOrEqual(MAX_BYTES);
      expect(all).toHaveLength(brief.body.data[key].length);
      expect(new Set(all.map((item) => JSON.stringify(item))).size).toBe(all.length);
    },
  );

  it('a brief commit has at most 300 bytes on average, and what people read of it', async () => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { body, types } = await call('listCommits', { repo: 'atlassian/atlassian-event', pagelen: 100 });
    expect(averageOf(body.data.values)).toBeLessThanOrEqual(300);
    expect(body.data.values[0]).toEqual({
      hash: hashOf('c0'),
      date: dateOf(0),
      author: 'A Developer',
      subject: SUBJECTS[0],
      parents: [hashOf('a').slice(0, 12), hashOf('b').slice(0, 12)],
      html: `https://bitbucket.org/atlassian/atlassian-event/commits/${hashOf('c0').slice(0, 12)}`,
    });
    expect(new Set(types)).toEqual(new Set(['text']));
  });

  it('a brief pull request has at most 400 bytes on average, and what people read of it', async () => {
    plant('/pullrequests', { values: pullRequests, pagelen: 50, size: 50, page: 1 });
    const { body } = await call('listPullRequests', { repo: 'atlassian/atlassian-event', pagelen: 100 });
    expect(averageOf(body.data.values)).toBeLessThanOrEqual(400);
    expect(body.data.values[0]).toEqual({
      id: 1_000,
      title: SUBJECTS[0],
      state: 'MERGED',
      author: 'A Developer',
      source: 'topic-1000',
      destination: 'master',
      created_on: '2018-11-06T15:43:55.296636+00:00',
      updated_on: '2018-11-06T15:43:55.494768+00:00',
      comment_count: 0,
      task_count: 0,
      html: 'https://bitbucket.org/atlassian/atlassian-event/pull-requests/1000',
    });
  });
});

describe('a cursor', () => {
  const first = () => call('listCommits', { repo: 'acme/big', pagelen: 100, detail: 'full' });

  it('goes on behind the last item, also when the list grew at its head', async () => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { body, next } = await first();
    const shown = body.data.values.length;
    const more = [commitOf('acme/big', hashOf('new'), dateOf(0)), ...commits.slice(0, 99)];
    plant('/commits', { values: more, pagelen: 100 });
    const rest = await call('listCommits', next ?? {});
    expect(rest.body.data.values[0].hash).toBe(hashOf(`c${shown}`));
  });

  it('works without the arguments beside it, and costs one call', async () => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { next } = await first();
    const before = gateway.standIn.requests.length;
    const { isError } = await call('listCommits', { cursor: next?.cursor });
    expect([isError, gateway.standIn.requests.length - before]).toEqual([false, 1]);
  });

  it('says that the list moved when its item is gone, and shows the page from its start', async () => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { next } = await first();
    plant('/commits', { values: commits.slice(-3), pagelen: 100 });
    const { body, advice } = await call('listCommits', next ?? {});
    expect(advice).toMatch(/has moved/);
    expect(body.data.values).toHaveLength(3);
  });

  it.each([
    ['made up', () => ({ repo: 'acme/big', cursor: 'abc' })],
    ['beside other arguments', (cursor: unknown) => ({ repo: 'acme/slash-main', cursor })],
  ])('that is %s is refused without a word to Bitbucket', async (_, given) => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { next } = await first();
    const before = gateway.standIn.requests.length;
    const { body, isError } = await call('listCommits', given(next?.cursor));
    expect([isError, body.meta.code, body.meta.details?.[0]?.parameter]).toEqual([
      true,
      'invalid_request',
      'cursor',
    ]);
    expect(gateway.standIn.requests.length).toBe(before);
  });

  it('of another tool is refused', async () => {
    plant('/commits', { values: commits, pagelen: 100 });
    const { next } = await first();
    expect((await call('listTags', next ?? {})).body.meta.code).toBe('invalid_request');
  });
});

describe('no number is rounded', () => {
  it.each(['brief', 'full'])('in %s', async (detail) => {
    const { text } = await call('getRepository', { repo: 'acme/exact', detail });
    expect(text).toContain('12345678901234567890');
  });

  it('where a page is cut', async () => {
    const values = commits.map(
      (commit, i) => `${JSON.stringify(commit).slice(0, -1)},"n":1${i}12345678901234567890.10}`,
    );
    plant('/commits', `{"values":[${values.join(',')}],"pagelen":100}`);
    const { text, next } = await call('listCommits', { repo: 'acme/big', detail: 'full', pagelen: 100 });
    expect(text).toContain('"n":1112345678901234567890.10}');
    expect(next).toHaveProperty('cursor');
  });
});

describe('what is too large', () => {
  const huge = { ...commits[0], hash: hashOf('huge'), note: 'é"'.repeat(40_000) };

  it('comes brief and truncated, and what stands behind it follows', async () => {
    plant('/commits', { values: [commits[1], huge, commits[2]], pagelen: 100 });
    const { bytes, body, next } = await call('listCommits', { repo: 'acme/big', detail: 'full' });
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(body.data.values).toEqual([
      commits[1],
      expect.objectContaining({ hash: hashOf('huge'), truncated: true }),
      commits[2],
    ]);
    expect(next).toBeUndefined();
  });

  it.each(['brief', 'full'])('even in its names, %s', async (detail) => {
    const name = '\u0001'.repeat(300_000);
    plant('/commits', {
      values: [{ hash: name, parents: Array(9_000).fill({ hash: hashOf('p') }) }],
      next: name,
    });
    const { bytes, body } = await call('listCommits', { repo: 'acme/big', detail });
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(body.data.values[0].truncated).toBe(true);
  });

  it('an object comes brief', async () => {
    plant('/2.0/repositories/acme/big', { name: 'big', full_name: 'acme/big', note: 'x'.repeat(80_000) });
    const { bytes, body } = await call('getRepository', { repo: 'acme/big', detail: 'full' });
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(body.data).toEqual({ full_name: 'acme/big', name: 'big', truncated: true });
  });

  it('and so is a refusal', async () => {
    const { bytes, isError } = await call('getMeta', { ['y'.repeat(60_000)]: 1 });
    expect([isError, bytes <= MAX_BYTES]).toEqual([true, true]);
  });
});

it('there are eleven tools, which speak of no header, offer no pretty, and say how an answer goes on', async () => {
  const { body } = await gateway.postMcp({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const { tools } = JSON.parse(body).result as {
    tools: { description: string; inputSchema: { properties: object } }[];
  };
  expect(tools).toHaveLength(11);
  expect(body).not.toMatch(/`Link`|pretty/);
  for (const { description } of tools) expect(description).toMatch(/Comes back: JSON/);
  expect(tools.filter(({ inputSchema }) => 'cursor' in inputSchema.properties)).toHaveLength(8);
});
