import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanObject, stringAt } from '../../src/envelope/json-scan.ts';
import { readPageKeys } from '../../src/envelope/page.ts';
import { prettyPrint } from '../../src/envelope/pretty.ts';

const bytes = (text: string) => Buffer.from(text);

/** The reference: what `JSON.parse` takes as one object. */
function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

describe('scanObject agrees with JSON.parse', () => {
  it.each([
    '{}',
    ' { } ',
    '{"a":1}',
    '{"a":{}}',
    '{"a":[]}',
    '{"a":[1,[2],{"b":null}],"c":true}',
    '{"a":-0.5e+10}',
    '',
    '{',
    '}',
    '[]',
    '1',
    'null',
    '{}{}',
    '{} x',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":-}',
    '{"a":tru}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\n"}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1 2]}',
    '{a:1}',
    "{'a':1}",
    '{"a":1]',
    '{"a":[1}',
    '{"a":"',
    '{"a":"\\',
    '{"a":1}}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '\ufeff{}',
  ])('%j', (text) => {
    expect(scanObject(bytes(text)) !== null).toBe(isObject(text));
  });

  it('for any value, whole or cut', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(),
        fc.boolean(),
        (value, cut, spaced) => {
          const text = JSON.stringify(value, null, spaced ? 2 : 0);
          const whole = scanObject(bytes(text));
          expect([...(whole?.keys() ?? [])].sort()).toEqual(Object.keys(value).sort());
          for (const [name, span] of whole ?? []) {
            expect(JSON.parse(bytes(text).subarray(span.start, span.end).toString())).toEqual(
              JSON.parse(JSON.stringify(value[name])),
            );
          }
          expect(scanObject(bytes(text).subarray(0, cut % bytes(text).length))).toBeNull();
        },
      ),
    );
  });

  it('for any bytes', () => {
    const soup = fc.string({
      unit: fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        ':',
        ',',
        '1',
        '-',
        'e',
        '.',
        'true',
        'null',
        '\\',
        ' ',
        'a',
        'u0041',
      ),
    });
    fc.assert(
      fc.property(soup, (text) => {
        expect(scanObject(bytes(text)) !== null).toBe(isObject(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('ends at a bounded depth', () => {
    const deep = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(scanObject(bytes(deep(500)))).not.toBeNull();
    expect(scanObject(bytes(deep(100_000)))).toBeNull();
  });
});

it.each([
  ['{"next":"https://x/?a=1","values":[{"next":"inner"}]}', 'https://x/?a=1'],
  ['{"values":[{"next":"inner"}]}', undefined],
  ['{"next":"first","next":"last"}', 'last'],
  ['{"\\u006eext":"escaped"}', 'escaped'],
  ['{"next":null}', undefined],
  ['{"values":"\\"next\\":\\"no\\""}', undefined],
])('next of %s', (text, next) => {
  expect(readPageKeys(bytes(text))).toEqual({ next });
});

it('reads escapes in a string', () => {
  const text = '{"a":"\\u00e9\\n\\/"}';
  expect(stringAt(bytes(text), scanObject(bytes(text))?.get('a'))).toBe('é\n/');
});

it('prettyPrint changes white space alone', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      expect(prettyPrint(bytes(JSON.stringify(value))).toString()).toBe(
        `${JSON.stringify(value, null, 4)}\n`,
      );
    }),
  );
  expect(prettyPrint(bytes('{"n":12345678901234567890.10,"e":[ ],"o":{ }}')).toString()).toBe(
    '{\n    "n": 12345678901234567890.10,\n    "e": [],\n    "o": {}\n}\n',
  );
});
