import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Of two cores Vitest would take one; but a file of tests waits for a process that it started half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
