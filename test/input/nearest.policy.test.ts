import fc from 'fast-check';
import { expect, it } from 'vitest';
import { distanceOf, nearestOf } from '../../src/input/nearest.ts';

const PARAMETERS = ['repo', 'ref', 'path', 'page', 'pagelen', 'q', 'sort', 'state', 'workspace'];

it.each([
  ['per_page', 'pagelen'],
  ['page_size', 'pagelen'],
  ['LIMIT', 'pagelen'],
  ['size', 'pagelen'],
  ['branch', 'ref'],
  ['tag', 'ref'],
  ['at', 'ref'],
  ['commit', 'ref'],
  ['repository', 'repo'],
  ['slug', 'repo'],
  ['ws', 'workspace'],
  ['owner', 'workspace'],
  ['query', 'q'],
  ['filter', 'q'],
  ['search', 'q'],
  ['order', 'sort'],
  ['status', 'state'],
  ['dir', 'path'],
  ['directory', 'path'],
  ['pagelne', 'pagelen'],
  ['Page', 'page'],
  ['stat', 'state'],
  ['reop', 'repo'],
  ['constructor', undefined],
  ['xyz', undefined],
  ['', 'q'],
  ['workspaec', 'workspace'],
  [`workspace${'e'.repeat(56)}`, undefined],
])('%s means %s', (word, meant) => {
  expect(nearestOf(word, PARAMETERS)).toBe(meant);
});

it('knows no other name for what the endpoint does not take', () => {
  expect(nearestOf('limit', ['repo'])).toBeUndefined();
});

it('the first of those equally near is meant', () => {
  expect(nearestOf('abc', ['abd', 'abe'])).toBe('abd');
});

it('compares words of up to 64 letters', () => {
  const long = 'a'.repeat(64);
  expect(nearestOf(`${long.slice(1)}b`, [long])).toBe(long);
  expect(nearestOf(`${long}a`, [long])).toBeUndefined();
});

it.each([
  ['', '', 0],
  ['abc', '', 3],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['abcd', 'acbd', 1],
  ['ca', 'abc', 3],
  ['aab', 'aba', 1],
])('%j to %j takes %d', (a, b, edits) => {
  expect(distanceOf(a, b)).toBe(edits);
});

it('a distance is one: none to itself, the same both ways, at most the longer word', () => {
  const word = fc.stringMatching(/^[abc]{0,6}$/);
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = distanceOf(a, b);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBe(distanceOf(b, a));
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
