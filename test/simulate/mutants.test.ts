import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MUTANTS } from './mutants/mutants.ts';

const src = join(import.meta.dirname, '../../src');

it.each(MUTANTS)('“$name” finds its text in $file, once', ({ file, find }) => {
  expect(readFileSync(join(src, file), 'utf8').split(find)).toHaveLength(2);
});
