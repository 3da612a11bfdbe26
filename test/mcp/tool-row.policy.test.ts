import { describe, expect, it } from 'vitest';
import { parseInput } from '../../src/endpoints/parse-input.ts';
import { table } from '../../src/endpoints/table.ts';
import { writeCursor } from '../../src/mcp/cursor.ts';
import { readToolCall, toolRowOf } from '../../src/mcp/tool-row.ts';
import { toolOf } from '../../src/mcp/tools.ts';

const rowOf = (name: string) => {
  const row = table.find(({ operationId }) => operationId === name);
  if (row === undefined) throw new Error(name);
  return row;
};

describe('a tool takes', () => {
  it('detail, and on lists a cursor, in place of pretty', () => {
    const names = (name: string) => Object.keys(toolRowOf(rowOf(name)).input.shape);
    expect(names('getRepository')).toEqual(['repo', 'detail']);
    expect(names('listWatchers')).toEqual(['repo', 'page', 'pagelen', 'detail', 'cursor']);
  });

  it('brief unless told otherwise, and says what else there is', () => {
    const row = toolRowOf(rowOf('getRepository'));
    expect(parseInput(row, 'repo=a/b')).toMatchObject({ detail: 'brief' });
    expect(parseInput(row, 'repo=a/b&detail=full')).toMatchObject({ detail: 'full' });
    expect(() => parseInput(row, 'repo=a/b&detail=all')).toThrow('`detail` is brief or full.');
  });

  it('no cursor of its own: what is read of one is its page’s arguments', () =>
    expect(() => parseInput(toolRowOf(rowOf('listWatchers')), 'repo=a/b&cursor=x')).toThrow(
      /^`cursor` is none of this tool, .+ Take all arguments as the answer before gave them\.$/,
    ));

  it('nothing that its row would not know', async () => {
    const given: unknown[] = [];
    const row = {
      ...rowOf('listWatchers'),
      answer: async (...all: unknown[]) => {
        given.push(...all);
        return 'an answer';
      },
    };
    const tool = toolRowOf(row as never);
    const answer = await tool.answer(
      { pagelen: 3, detail: 'full', cursor: 'x' } as never,
      'reader' as never,
      'conditions' as never,
    );
    expect([answer, given]).toEqual(['an answer', [{ pagelen: 3 }, 'reader', 'conditions']]);
  });

  it('what it was described with', () => {
    const { properties = {} } = toolOf(toolRowOf(rowOf('listWatchers'))).inputSchema;
    expect(properties.detail).toMatchObject({
      description: "What comes of each item: what people read, or all of Bitbucket's own.",
      examples: ['full'],
    });
    expect(properties.cursor).toMatchObject({
      description: 'Where an answer goes on that was too long for one, as its end gave it.',
    });
  });
});

describe('the arguments', () => {
  it.each([
    [{}, ''],
    [{ repo: 'a/b', pagelen: 5 }, 'repo=a%2Fb&pagelen=5'],
    [{ repo: 'a/b', q: null, state: ['OPEN', 'MERGED'] }, 'repo=a%2Fb&state=OPEN%2CMERGED'],
    [{ q: { name: 'x' } }, 'q=%7B%22name%22%3A%22x%22%7D'],
    [{ pretty: true, 'a b': '&' }, 'pretty=true&a%20b=%26'],
    [{ repo: 'a\ud800' }, 'repo=a%EF%BF%BD'],
  ])('%j are %j', (given, query) => expect(readToolCall('listTags', given).query).toBe(query));

  it.each([
    [{}, 'brief'],
    [{ detail: 'full' }, 'full'],
    [{ detail: 'brief' }, 'brief'],
    [{ detail: 'else' }, 'brief'],
    [{ q: 'full' }, 'brief'],
  ])('%j ask for %s', (given, detail) => expect(readToolCall('listTags', given).detail).toBe(detail));
});

describe('a cursor', () => {
  const given = [
    ['repo', 'a/b'],
    ['detail', 'full'],
  ] as const;
  const cursor = writeCursor({ given, after: 'i3' }, 'listTags');
  const onward = { query: 'repo=a%2Fb&detail=full', given, detail: 'full', after: 'i3' };

  it.each([[{ cursor }], [{ repo: 'a/b', cursor }], [{ cursor, detail: 'full', repo: 'a/b' }]])(
    'is its page’s arguments, alone or beside them: %j',
    (asked) => expect(readToolCall('listTags', asked)).toEqual(onward),
  );

  it.each([
    ['beside another value', 'listTags', { repo: 'a/c', cursor }],
    ['beside another argument', 'listTags', { repo: 'a/b', page: '2', cursor }],
    ['beside a value under another name', 'listTags', { workspace: 'a/b', cursor }],
    ['of another tool', 'listForks', { repo: 'a/b', cursor }],
    ['made up', 'listTags', { repo: 'a/b', cursor: 'abc' }],
  ])('%s is left for the way to refuse', (_name, tool, asked) => {
    const call = readToolCall(tool, asked);
    expect(call).not.toHaveProperty('after');
    expect(call.given).toEqual(Object.entries(asked));
  });
});
