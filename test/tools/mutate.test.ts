import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lostPatterns, scoreOf } from '../../tools/mutate.ts';

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
  const root = join(import.meta.dirname, '../..');
  expect(lostPatterns(['src/input/*.ts', 'src/input/gone.ts', '!src/input/x.ts'], root)).toEqual([
    'src/input/gone.ts',
  ]);
});
