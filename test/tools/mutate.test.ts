import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lostPatterns, policiesAmong, scoreOf } from '../../tools/mutate.ts';

const root = join(import.meta.dirname, '../..');

const mutant = (status: string) => ({
  status,
  mutatorName: 'BooleanLiteral',
  location: { start: { line: 1, column: 1 } },
});

it.each([
  [['Killed', 'Killed', 'Timeout', 'Survived'], 75],
  [['Killed', 'NoCoverage'], 50],
  [['Killed', 'Ignored', 'CompileError'], 100],
  [[], 100],
])('%j scores %d', (statuses, percent) => {
  expect(scoreOf('a.ts', statuses.map(mutant)).percent).toBe(percent);
});

it('a pattern that names no file is told', () => {
  expect(lostPatterns(['src/input/*.ts', 'src/input/gone.ts', '!src/input/x.ts'], root)).toEqual([
    'src/input/gone.ts',
  ]);
});

it('of what was changed the policies are broken, and nothing else', () => {
  const changed = ['README.md', 'src/way.ts', 'src/input/paging.ts', 'src/input/parameter.ts', 'src/gone.ts'];
  const patterns = ['src/way.ts', 'src/input/*.ts', '!src/input/parameter.ts', 'src/drain.ts'];
  expect(policiesAmong(changed, patterns, root)).toEqual(['src/way.ts', 'src/input/paging.ts']);
});
