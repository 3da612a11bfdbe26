import { expect, it } from 'vitest';
import { parseTreePath, treePath } from '../../src/input/tree-path.ts';

it.each([
  ['', ''],
  ['/', ''],
  ['//a//b/', 'a/b'],
  ['a b/c', 'a b/c'],
  ['..foo', '..foo'],
  ['a.b', 'a.b'],
])('%j is %j', (text, path) => {
  expect(parseTreePath(text)).toEqual({ value: path });
});

it.each([
  ['a\u0000', 'a control character'],
  ['a\udfff', 'a control character'],
  ['a/./b', 'a dot segment'],
  ['a\\..\\b', 'a dot segment'],
  ['%2e%2e/a', 'a dot segment'],
])('%j: %s', (text, what) => {
  expect(parseTreePath(text)).toEqual({ fault: `\`path\` contains ${what}.` });
});

it('has at most 4,096 characters', () => {
  expect(treePath.parse('x'.repeat(4_096))).toHaveLength(4_096);
  expect(treePath.safeParse('/'.repeat(4_097)).error?.issues).toMatchObject([
    { message: '`path` is longer than 4096 characters.' },
  ]);
});
