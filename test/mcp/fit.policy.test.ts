import { describe, expect, it } from 'vitest';
import { brief, briefList, field } from '../../src/endpoints/brief.ts';
import { parseExact } from '../../src/envelope/exact-json.ts';
import { readCursor, writeCursor } from '../../src/mcp/cursor.ts';
import { bytesOf, shownOf } from '../../src/mcp/fit.ts';

const one = briefList(brief({ id: field('id') }), { id: 'id' });
const items = Array.from({ length: 10 }, (_, i) => ({ id: `i${i}`, text: 'x'.repeat(90) }));
const page = { values: items, pagelen: 10 };
const show = (room: number, after?: string, detail: 'brief' | 'full' = 'full') =>
  shownOf(page, { brief: one, detail, after, room });
const idsOf = ({ data }: ReturnType<typeof shownOf>) =>
  (data as { values: { id: string }[] }).values.map(({ id }) => id);

describe('what fits', () => {
  it('is never more than the room, and goes on where it ended until each item came once', () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const shown = show(400, after);
      expect(bytesOf(shown.data)).toBeLessThanOrEqual(400);
      seen.push(...idsOf(shown));
      after = shown.after;
    } while (after !== undefined);
    expect(seen).toEqual(items.map(({ id }) => id));
  });

  it('is all of it where there is room', () => expect(show(10_000)).toEqual({ data: page }));

  it('is brief where that is wanted', () =>
    expect(show(10_000, undefined, 'brief')).toEqual({
      data: { pagelen: 10, values: items.map(({ id }) => ({ id })) },
    }));

  it('goes on behind the first as behind any other, and has not moved', () =>
    expect(show(10_000, 'i0')).toEqual({ data: { pagelen: 10, values: items.slice(1) } }));

  it('takes each item with the comma before it into account, and no byte more', () => {
    const three = { values: items.slice(0, 3), pagelen: 10 };
    const room = bytesOf(three) + 1;
    const shown = (bytes: number) => idsOf(shownOf(page, { brief: one, detail: 'full', room: bytes }));
    expect(shown(room)).toEqual(['i0', 'i1', 'i2']);
    expect(shown(room - 1)).toEqual(['i0', 'i1']);
  });

  it('starts anew, and says so, where the last item is gone', () =>
    expect(show(10_000, 'gone')).toMatchObject({ moved: true, data: { values: items } }));
});

describe('an item too large alone', () => {
  const wide = briefList(
    brief({ id: field('id'), note: field('note'), tags: field('tags'), of: field('of') }),
    {
      id: 'id',
    },
  );
  const shown = (item: object, room = 1_000, detail: 'brief' | 'full' = 'full') => {
    const page = { values: [item, { id: 'next' }], pagelen: 2 };
    const { data, after } = shownOf(page, { brief: wide, detail, room });
    const { values } = data as { values: readonly unknown[] };
    return { first: values[0], after, bytes: bytesOf(data), count: values.length };
  };

  it('comes brief and says so, and what follows it comes next', () => {
    const note = 'n'.repeat(300);
    const { first, after, count } = shown({ id: 'big', note, body: 'x'.repeat(2_000) });
    expect(first).toEqual({ id: 'big', note, truncated: true });
    expect([count, after]).toEqual([2, undefined]);
  });

  it('comes whole where it just fits, and brief a byte later', () => {
    const item = { id: 'big', body: 'x'.repeat(300) };
    const forItems = (room: number) => room - bytesOf({ values: [], pagelen: 2 });
    const room = bytesOf(item) + 1 + (1_000 - forItems(1_000));
    expect(shown(item, room).first).toEqual(item);
    expect(shown(item, room - 1).first).toEqual({ id: 'big', truncated: true });
  });

  it('is squeezed where even that has texts and lists of any length', () => {
    const item = {
      id: 'big',
      note: 'x'.repeat(5_000),
      tags: Array.from({ length: 50 }, (_, i) => (i === 0 ? 'y'.repeat(500) : i)),
      of: { any: 'kind' },
    };
    const { first, bytes } = shown(item, 1_000, 'brief');
    expect(first).toEqual({
      id: 'big',
      note: `${'x'.repeat(199)}…`,
      tags: [`${'y'.repeat(199)}…`, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      of: undefined,
      truncated: true,
    });
    expect(bytes).toBeLessThanOrEqual(1_000);
  });

  it('loses a number that is longer than texts may be, and keeps a short one', () => {
    const long = parseExact(`1${'0'.repeat(300)}`);
    const { first } = shown({ id: 'big', note: 'x'.repeat(5_000), of: 7, tags: [long] }, 1_000, 'brief');
    expect(first).toMatchObject({ id: 'big', of: 7, truncated: true });
    expect(JSON.stringify(first)).not.toContain('0'.repeat(300));
  });

  it('alone is treated the same', () => {
    const { of } = wide;
    const single = { names: wide.names, of };
    const item = { id: 'one', body: 'x'.repeat(2_000) };
    expect(shownOf(item, { brief: single, detail: 'full', room: 5_000 })).toEqual({ data: item });
    expect(shownOf(item, { brief: single, detail: 'full', room: 1_000 })).toEqual({
      data: { id: 'one', truncated: true },
    });
    expect(shownOf(item, { brief: single, detail: 'brief', room: 5_000 })).toEqual({ data: { id: 'one' } });
  });
});

describe('what stands beside the items', () => {
  const extra = { values: items, pagelen: 10, more: 'x'.repeat(400) };
  const besideAt = (room: number, detail: 'brief' | 'full' = 'full') => {
    const { data } = shownOf(extra, { brief: one, detail, room });
    return Object.keys(data as object);
  };
  const size = bytesOf({ ...extra, values: [] });

  it('is all of it as long as it takes less than half the room', () => {
    expect(besideAt(size * 2 + 1)).toContain('more');
    expect(besideAt(size * 2)).toEqual(['pagelen', 'values']);
    expect(besideAt(10_000, 'brief')).toEqual(['pagelen', 'values']);
  });

  it('is a list without items where there are none', () =>
    expect(shownOf({ pagelen: 10 }, { brief: one, detail: 'full', room: 500 })).toEqual({
      data: { pagelen: 10, values: [] },
    }));
});

describe('what tells an item from the others', () => {
  const told = (first: object) => {
    const page = { values: [first, { id: 'b', text: 'x'.repeat(900) }] };
    const room = bytesOf({ values: [] }) + bytesOf(first) + 10;
    return shownOf(page, { brief: one, detail: 'full', room }).after;
  };
  it.each([
    ['a text', { id: 'a' }, 'a'],
    ['a number', { id: 7 }, '7'],
    ['a text of 256 characters', { id: 'a'.repeat(256) }, 'a'.repeat(256)],
  ])('is its id: %s', (_name, item, id) => expect(told(item)).toBe(id));

  it.each([
    ['is none', { name: 'a' }],
    ['is too long', { id: 'a'.repeat(257) }],
    ['is no text', { id: { of: 'a' } }],
  ])('is its content where the id %s', (_name, item) => {
    const id = told(item) ?? '';
    expect(id).toMatch(/^[\w-]{43}$/);
    const page = { values: [{ id: 'z' }, item, { id: 'b' }] };
    const { data } = shownOf(page, { brief: one, detail: 'full', after: id, room: 1_000 });
    expect(data).toEqual({ values: [{ id: 'b' }] });
  });

  it('is nothing behind the last', () => {
    const onward = shownOf(page, { brief: one, detail: 'full', after: 'i9', room: 1_000 });
    expect(onward).toEqual({ data: { pagelen: 10, values: [] } });
  });
});

it('bytes are those of a text in a JSON string, in UTF-8', () => {
  expect(bytesOf('é"')).toBe(Buffer.byteLength('\\"é\\\\\\"\\"'));
  expect(bytesOf({ a: 1 })).toBe('{\\"a\\":1}'.length);
});

describe('a cursor', () => {
  const cursor = { given: [['repo', 'a/b']] as const, after: 'i3' };
  it('comes back as it went', () =>
    expect(readCursor(writeCursor(cursor, 'listTags'), 'listTags')).toEqual(cursor));
  it.each(['', 'abc', writeCursor(cursor, 'listBranches'), `${writeCursor(cursor, 'listTags')}x`])(
    '%j is none of the tool',
    (text) => expect(readCursor(text, 'listTags')).toBeNull(),
  );
});
