import { describe, expect, it } from 'vitest';
import { brief, briefList, field } from '../../src/endpoints/brief.ts';
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

  it('starts anew, and says so, where the last item is gone', () =>
    expect(show(10_000, 'gone')).toMatchObject({ moved: true, data: { values: items } }));
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
