import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../bench/lab/without.ts';

const root = join(import.meta.dirname, '../..');

describe('a stage that the bench leaves out', () => {
  it.each(STAGES)('$name is found in $file, once', ({ file, find }) => {
    expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2);
  });
});
