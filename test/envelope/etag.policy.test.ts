import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isKnown,
  readConditions,
  scopeOf,
  tagOf,
  tagOfText,
  upstreamTagsOf,
} from '../../src/envelope/etag.ts';

const scope = scopeOf(['listTags', 'repo', 'a/b']);
const given = (header: string) => upstreamTagsOf(readConditions(header), scope);
const upstreamTags = fc
  .tuple(fc.constantFrom('', 'W/'), fc.stringMatching(/^[!#-~]{0,100}$/))
  .map(([weak, opaque]) => `${weak}"${opaque}"`);

describe('readConditions', () => {
  it.each<[string | undefined, unknown]>([
    [undefined, []],
    ['', []],
    ['*', '*'],
    [' * ', '*'],
    ['"a"', ['a']],
    ['W/"a"', ['a']],
    ['"a", W/"b"  ,"c"', ['a', 'b', 'c']],
    ['"a,b", "c"', ['a,b', 'c']],
    ['""', ['']],
    ['a', []],
    ['w/"a"', []],
    ['"a" "b"', []],
    ['"a", b, "c"', ['a', 'c']],
    ['"a", *', ['a']],
    ['"a b"', []],
    ['"a', []],
  ])('%j', (header, conditions) => expect(readConditions(header)).toEqual(conditions));

  it('is quick on what is long', () => {
    const startedAtMs = performance.now();
    for (const part of ['"', '",', ' ', 'W/', 'W/"a",', '"a" ']) readConditions(part.repeat(16_000));
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });
});

describe('our tag', () => {
  it('is weak, well formed, and comes back as the tag it was made of', () => {
    fc.assert(
      fc.property(upstreamTags, (upstream) => {
        const tag = tagOf(scope, upstream);
        expect(tag).toMatch(/^W\/"[\w-]{16}\.[\w-]*"$/);
        expect(given(tag)).toEqual([upstream]);
        expect(given(tag.slice(2))).toEqual([upstream]);
        expect(isKnown(readConditions(`"x", ${tag}`), tag)).toBe(true);
      }),
    );
  });

  it('differs by operation, by parameter, and by where one ends', () => {
    const parts = [['a', 'b'], ['ab'], ['a', 'b', ''], ['b', 'a'], ['a,b'], ['"a","b"'], []];
    expect(new Set(parts.map(scopeOf)).size).toBe(parts.length);
  });

  it('over a text is the same for the same text, and goes nowhere', () => {
    const tag = tagOfText(scope, Buffer.from('{}'));
    expect(tag).toBe(tagOfText(scope, Buffer.from('{}')));
    expect(tag).not.toBe(tagOfText(scope, Buffer.from('{ }')));
    expect(given(tag)).toEqual([]);
    expect(isKnown(readConditions(tag), tag)).toBe(true);
  });

  it('is known by any, by one of many, and by no other', () => {
    const tag = tagOf(scope, '"1"');
    expect(isKnown('*', tag)).toBe(true);
    expect(isKnown([], tag)).toBe(false);
    expect(isKnown(readConditions(tagOf(scope, '"2"')), tag)).toBe(false);
    expect(isKnown(readConditions(tagOf(scopeOf(['other']), '"1"')), tag)).toBe(false);
  });
});

describe('what goes to Bitbucket', () => {
  const raw = (text: string) => `"${scope}.${Buffer.from(text, 'latin1').toString('base64url')}"`;

  it.each([
    ['any', '*'],
    ['a tag of another scope', tagOf(scopeOf(['other']), '"1"')],
    ['a tag of Bitbucket that the caller made up', '"1"'],
    ['no tag inside', raw('1')],
    ['an open one', raw('"1')],
    ['two', raw('"1", "2"')],
    ['any, inside', raw('*')],
    ['a line break', raw('"1"\r\nx: y')],
    ['a line break in the tag', raw('"1\r\n"')],
    ['a character that is none of a tag', raw('"é"')],
    ['256 bytes', raw(`"${'x'.repeat(254)}"`)],
    ['what is not base64url', `"${scope}.IjEi="`],
    ['base64 with bits to spare', `"${scope}.IjEyIh"`],
    ['nothing', `"${scope}."`],
    ['the scope alone', `"${scope}"`],
  ])('not %s', (_what, header) => expect(given(header)).toEqual([]));

  it('255 bytes do', () => expect(given(raw(`"${'x'.repeat(253)}"`))).toHaveLength(1));

  it('four at most, each once, in their order', () => {
    const tags = [1, 2, 1, 3, 4, 5].map((n) => tagOf(scope, `"${n}"`));
    expect(given(['"x"', ...tags].join(', '))).toEqual(['"1"', '"2"', '"3"', '"4"']);
  });

  it('whatever a caller sends, only well-formed tags', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.base64String(), upstreamTags)), (parts) => {
        const header = parts.map((part) => `W/"${scope}.${part.replaceAll('"', '')}"`).join(', ');
        for (const tag of given(header)) expect(tag).toMatch(/^(W\/)?"[\x21\x23-\x7e]*"$/);
      }),
    );
  });
});
