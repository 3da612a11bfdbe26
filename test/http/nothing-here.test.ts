import { beforeEach, expect, it, vi } from 'vitest';
import { createNothingHere } from '../../src/http/nothing-here.ts';
import { nearestOf } from '../../src/input/nearest.ts';

vi.mock('../../src/input/nearest.ts', { spy: true });
const looked = vi.mocked(nearestOf);
beforeEach(() => {
  looked.mockClear();
});

it('what was told of a path costs nothing to tell again', () => {
  const nothingHere = createNothingHere();
  const [first, second] = [0, 1].map(() => nothingHere('/bitbucket-api/v1/repo/tgs').message);
  expect(first).toBe('There is nothing here. Did you mean /bitbucket-api/v1/repo/tags?');
  expect(second).toBe(first);
  expect(looked).toHaveBeenCalledTimes(1);
});

it('a path is looked at up to 200 characters, and a thousand are remembered', () => {
  const nothingHere = createNothingHere();
  nothingHere(`/${'x'.repeat(10_000)}`);
  expect(looked.mock.calls[0]?.[0]).toHaveLength(200);
  for (let i = 0; i < 1_000; i += 1) nothingHere(`/nowhere-${i}`);
  looked.mockClear();
  nothingHere(`/${'x'.repeat(10_000)}`);
  expect(looked).toHaveBeenCalledTimes(1);
});

it('a wrong method at a path that is one is told with those that work', () => {
  const { code, headers } = createNothingHere()('/bitbucket-api/v1/repo');
  expect([code, headers]).toEqual(['method_not_allowed', { allow: 'GET, HEAD, OPTIONS' }]);
  expect(looked).not.toHaveBeenCalled();
});
