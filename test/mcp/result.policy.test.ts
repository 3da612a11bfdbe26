import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { table } from '../../src/endpoints/table.ts';
import { bodyOf } from '../../src/envelope/body.ts';
import { readCursor } from '../../src/mcp/cursor.ts';
import { MAX_ANSWER_BYTES, textsOf } from '../../src/mcp/result.ts';
import { readToolCall, type ToolCall } from '../../src/mcp/tool-row.ts';
import type { Ended, Outcome } from '../../src/way/call.ts';

const REQUEST_ID = '3431cfbf-4af7-4c3b-85c5-ecd19efc6cde';
const ended = (outcome: Outcome) =>
  ({ asked: { requestId: REQUEST_ID }, outcome, atMs: Date.parse('2026-11-24T12:00:00Z') }) as Ended;

type Links = Readonly<Record<string, readonly (readonly [string, string])[]>>;

/** What listWatchers is answered with `page`, and what an agent is told of it. */
function told(page: object | string, given: Readonly<Record<string, unknown>>, links?: Links) {
  const row = table.find(({ operationId }) => operationId === 'listWatchers');
  if (row === undefined) throw new Error('there is no such row');
  const data = bodyOf(Buffer.from(typeof page === 'string' ? page : JSON.stringify(page)));
  const outcome = { ok: true, row, answer: { data, ...(links && { links }) } } as unknown as Outcome;
  const call: ToolCall = readToolCall('listWatchers', given);
  const { texts, isError } = textsOf(ended(outcome), call, 'https://api.example.com');
  const [envelope = '', ...advice] = texts;
  return { envelope: JSON.parse(envelope), text: envelope, advice, isError };
}

const accounts = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => ({ uuid: `{${i}}`, display_name: `Reader ${i}`, ...more }));
const writtenBytes = (texts: readonly string[]) => Buffer.byteLength(JSON.stringify(texts));
const argumentsIn = (advice: string | undefined) => JSON.parse(/\{.*\}$/.exec(advice ?? '')?.[0] ?? 'null');

describe('a page', () => {
  it('comes brief in the envelope, with nothing to add where it is the last', () => {
    const { envelope, advice, isError } = told(
      { values: accounts(2, { links: {} }), pagelen: 30 },
      { repo: 'a/b' },
    );
    expect([advice, isError]).toEqual([[], false]);
    expect(envelope).toEqual({
      data: { pagelen: 30, values: accounts(2) },
      meta: { timestamp: '2026-11-24T12:00:00.000Z', request_id: REQUEST_ID },
      status: 'ok',
      message: 'Repository watchers',
      success: true,
    });
  });

  it('comes byte for byte where all of it is wanted and fits', () => {
    const page = '{"pagelen": 30,\n "values" : [{"uuid":"{0}","n":1.10}]}';
    expect(told(page, { repo: 'a/b', detail: 'full' }).text).toContain(`{"data":${page},`);
  });

  it('gives the arguments of the next one, with the detail that was wanted', () => {
    const links = {
      next: [
        ['repo', 'a/b'],
        ['page', '2'],
      ],
    } as const;
    const page = { values: accounts(1) };
    for (const [detail, next] of [
      ['brief', { repo: 'a/b', page: '2' }],
      ['full', { repo: 'a/b', page: '2', detail: 'full' }],
    ] as const) {
      const { advice } = told(page, { repo: 'a/b', detail }, links);
      expect(advice).toEqual([`There is a next page. Its arguments: ${JSON.stringify(next)}`]);
    }
  });
});

describe('a page too long for one answer', () => {
  const long = { values: accounts(100, { about: 'é"\\'.repeat(300) }), pagelen: 100 };
  const given = { repo: 'a/b', pagelen: 100, detail: 'full' };
  const links = {
    next: [
      ['repo', 'a/b'],
      ['page', '2'],
    ],
  } as const;

  it('is cut below 60,000 bytes, and goes on by a cursor until the next page', () => {
    const seen: string[] = [];
    let asked: Record<string, unknown> = given;
    let answers = 0;
    for (;;) {
      const { envelope, text, advice } = told(long, asked, links);
      expect(writtenBytes([text, ...advice])).toBeLessThanOrEqual(MAX_ANSWER_BYTES - 1_000);
      seen.push(...envelope.data.values.map(({ uuid }: { uuid: string }) => uuid));
      answers += 1;
      expect(advice).toHaveLength(1);
      asked = argumentsIn(advice[0]);
      if (!('cursor' in asked)) break;
      expect(advice[0]).toMatch(/^There is more on this page\. Its arguments: /);
      expect(Object.keys(asked)).toEqual(['repo', 'cursor']);
    }
    expect(seen).toEqual(long.values.map(({ uuid }) => uuid));
    expect(answers).toBeGreaterThan(2);
    expect(asked).toEqual({ repo: 'a/b', page: '2', detail: 'full' });
  });

  it('wastes no room: one item more would not have fitted', () => {
    const { text, advice } = told(long, given, links);
    const one = writtenBytes([JSON.stringify(long.values[0])]);
    expect(writtenBytes([text, ...advice]) + one + 1_200).toBeGreaterThan(MAX_ANSWER_BYTES - 1_000);
  });

  it('says that it moved where the last item is gone', () => {
    const { advice } = told(long, given);
    const { cursor } = argumentsIn(advice[0]);
    const other = { values: accounts(3).map((one) => ({ ...one, uuid: `{x${one.uuid}` })) };
    const { envelope, advice: moved } = told(other, { repo: 'a/b', cursor });
    expect(envelope.data.values).toHaveLength(3);
    expect(moved).toEqual([
      expect.stringMatching(/^The list has moved: .+ This is the page from its start\.$/),
    ]);
  });

  it('names the workspace beside the cursor as it names the repository', () => {
    const { advice } = told(long, { workspace: 'w', detail: 'full', q: 'x' });
    const { cursor, ...beside } = argumentsIn(advice[0]);
    expect(beside).toEqual({ workspace: 'w' });
    expect(readCursor(cursor, 'listWatchers')?.given).toEqual([
      ['workspace', 'w'],
      ['detail', 'full'],
      ['q', 'x'],
    ]);
  });

  /** Bytes of the answers to pages that differ by a few bytes, so that some of them are as long as can be. */
  const sweep = (answer: (pad: string) => { text: string; advice: readonly string[] }) => {
    const pads = Array.from({ length: 90 }, (_, i) => 'x'.repeat(i * 11));
    return Math.max(...pads.map(answer).map(({ text, advice }) => writtenBytes([text, ...advice])));
  };
  const ROOM = MAX_ANSWER_BYTES - 1_000;
  const longIds = (pad: string) =>
    long.values.map((one, i) => ({ ...one, about: pad, uuid: `${i}`.padEnd(256, '€') }));

  it('has room for the longest id there is, and little to spare', () => {
    const bytes = sweep((pad) => told({ values: longIds(pad) }, given, links));
    expect(bytes).toBeLessThanOrEqual(ROOM);
    expect(bytes).toBeGreaterThan(ROOM - 250);
  });

  it('has room to say that it moved as well, and nothing to spare then', () => {
    const { advice } = told(long, given);
    const { cursor } = argumentsIn(advice[0]);
    const bytes = sweep((pad) => {
      const answer = told({ values: longIds(pad) }, { repo: 'a/b', cursor });
      expect(answer.advice).toHaveLength(2);
      return answer;
    });
    expect(bytes).toBeLessThanOrEqual(ROOM);
    expect(bytes).toBeGreaterThan(ROOM - 80);
  });

  it('has room for the arguments of a next page that are longer than a cursor', () => {
    const next = {
      next: [
        ['repo', 'a/b'],
        ['q', 'y'.repeat(5_000)],
      ],
    } as const;
    const bytes = sweep((pad) =>
      told({ values: accounts(60, { about: `${pad}${'x'.repeat(800)}` }) }, given, next),
    );
    expect(bytes).toBeLessThanOrEqual(ROOM);
  });

  it('is whole up to the last byte that fits', () => {
    const answers = Array.from({ length: 400 }, (_, i) =>
      told({ values: [{ uuid: '{1}', about: 'x'.repeat(58_300 + i) }] }, given, links),
    );
    const whole = answers.filter(({ envelope }) => envelope.data.values[0].about !== undefined);
    expect([whole.length > 0, whole.length < answers.length]).toEqual([true, true]);
    const bytes = Math.max(...whole.map(({ text, advice }) => writtenBytes([text, ...advice])));
    expect(bytes).toBeLessThanOrEqual(ROOM);
    expect(bytes).toBeGreaterThan(ROOM - 50);
  });
});

describe('a refusal', () => {
  const refused = (failure: Failure, publicUrl = 'https://api.example.com') =>
    textsOf(ended({ ok: false, failure }), readToolCall('getMeta', {}), publicUrl);

  it('is the envelope with its page, and an error', () => {
    const { texts, isError } = refused(Failure.of('upstream_not_found'));
    expect([texts.length, isError]).toEqual([1, true]);
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({
      data: null,
      meta: {
        request_id: REQUEST_ID,
        code: 'upstream_not_found',
        docs: 'https://api.example.com/bitbucket-api/docs/errors/upstream_not_found.md',
      },
      success: false,
    });
  });

  it('says how long to wait where waiting helps', () =>
    expect(refused(Failure.of('draining', { retryAfterMs: 1_500 })).texts[1]).toBe(
      'Wait 2 s, then call again.',
    ));

  it('has fifty details at most, under names that stay short', () => {
    const details = Array.from({ length: 60 }, (_, i) => ({
      parameter: `${i}`.padEnd(9_000, 'x'),
      message: 'm',
    }));
    const [text = ''] = refused(new Failure('invalid_request', 'no', { details })).texts;
    const { meta, message } = JSON.parse(text);
    expect([meta.details.length, message, meta.details[0].message]).toEqual([50, 'no', 'm']);
    expect(text.length).toBeLessThan(20_000);
  });
});
