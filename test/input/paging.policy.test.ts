import { expect, it } from 'vitest';
import type { z } from 'zod';
import * as paging from '../../src/input/paging.ts';

const read = (schema: z.ZodType, text: unknown) => {
  const result = schema.safeParse(text);
  return result.success ? result.data : result.error.issues.map(({ message }) => message);
};

it.each([
  [paging.pagelen(30), undefined, 30],
  [paging.pagelen(30), '1', 1],
  [paging.pagelen(30), '99', 99],
  [paging.pagelen(30), '100', 100],
  [paging.pageNumber, '1', 1],
  [paging.pageNumber, '999999999', 999_999_999],
  [paging.ctx, 'a+b/c=', 'a+b/c='],
  [paging.treeToken, 'aA0_-', 'aA0_-'],
  [paging.q('a'), 'name ~ "x"', 'name ~ "x"'],
  [paging.sort('a'), '-target.date', '-target.date'],
  [paging.state, 'open', ['OPEN']],
  [paging.state, ' Open ,MERGED,open', ['OPEN', 'MERGED']],
  [paging.pretty, '1', true],
  [paging.pretty, undefined, undefined],
])('case %#: %j is read', (schema, text, value) => {
  expect(read(schema, text)).toEqual(value);
});

const STATES = '`state` is one or several of OPEN, MERGED, DECLINED, SUPERSEDED, separated by commas.';

it.each([
  ...['0', '101', '-1', '1e2', '0x10', '5.5', '', '+5', ' 5', '٣', '05'].map((text) => [
    paging.pagelen(30),
    text,
    '`pagelen` is a whole number from 1 to 100.',
  ]),
  ...['0', '1000000000', '01', '2/', 'x'].map((text) => [
    paging.pageNumber,
    text,
    '`page` is a whole number from 1.',
  ]),
  ...['', 'a b', 'ü', 'x'.repeat(1_001)].map((text) => [
    paging.ctx,
    text,
    '`ctx` is no cursor of Bitbucket. Take it as the page before gave it.',
  ]),
  ...['', 'a.b', 'x'.repeat(8_001)].map((text) => [
    paging.treeToken,
    text,
    '`page` is a token here: take it as the page before gave it.',
  ]),
  [paging.q('a'), '', '`q` is empty.'],
  [paging.q('a'), 'x'.repeat(4_001), '`q` is longer than 4,000 characters.'],
  [paging.q('a'), 'x\u0000', '`q` contains a control character.'],
  ...['a b', 'a,b', '--a', '1a', ''].map((text) => [
    paging.sort('a'),
    text,
    '`sort` is one field, with a `-` before it for descending order.',
  ]),
  ...['', 'OPEN,', 'CLOSED', 'x'.repeat(201)].map((text) => [paging.state, text, STATES]),
  ...['0', 'true', ''].map((text) => [paging.pretty, text, '`pretty` is 1 or absent.']),
] as [z.ZodType, string, string][])('case %#: %j is refused', (schema, text, message) => {
  expect(read(schema, text)).toEqual([message]);
});
