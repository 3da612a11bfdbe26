import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prettyPrint } from '../../src/envelope/pretty.ts';
import { pages } from './pages.ts';

const pretty = (text: string) => prettyPrint(Buffer.from(text)).toString();

describe('prettyPrint', () => {
  it('breaks lines as JSON.stringify does, however the text was written', () => {
    fc.assert(
      fc.property(pages, ({ page, text }) => {
        // An escaped slash is a token that stays.
        const same = text.includes('\\/') ? pretty(text).replaceAll('\\/', '/') : pretty(text);
        expect(same).toBe(`${JSON.stringify(page, null, 4)}\n`);
      }),
    );
  });

  it('breaks lines of any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(pretty(JSON.stringify(value))).toBe(`${JSON.stringify(value, null, 4)}\n`);
      }),
    );
  });

  it('changes white space alone', () => {
    expect(pretty('{"n":12345678901234567890.10,"e":[ ],"o":{ }, "s" : "\\u00e9\\/ \\" [" }')).toBe(
      '{\n    "n": 12345678901234567890.10,\n    "e": [],\n    "o": {},\n    "s": "\\u00e9\\/ \\" ["\n}\n',
    );
  });

  it('grows with deep values, and gives up where lines would only be indentation', () => {
    const deep = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    expect(pretty(deep(500))).toBe(`${JSON.stringify(JSON.parse(deep(500)), null, 4)}\n`);
    expect(pretty(deep(20_000))).toBe(deep(20_000));
  });

  it.each(['}', ']', '{"a', '"\\', '{"a":', '[[}'])('ends on %j, which is no JSON', (text) => {
    expect(pretty(text)).toContain(text.trim().at(-1));
  });
});

it('what ends within an escape comes out as far as it goes', () => {
  expect(prettyPrint(Buffer.from('{"a\\')).toString()).toBe('{\n    "a\\\n    ');
});
