import { expect, it } from 'vitest';
import { tableOf } from '../../src/cli/table.ts';

it('a table takes 130,000 rows', () => {
  const rows = Array.from({ length: 130_000 }, (_, i) => ({ id: String(i), name: 'account' }));
  expect(tableOf(rows).split('\n')).toHaveLength(130_001);
});
