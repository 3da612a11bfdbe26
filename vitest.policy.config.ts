import { defineConfig } from 'vitest/config';

/** The tests of policy alone: no sockets, no stores, no waiting. What `npm run mutate` runs against each mutant. */
export default defineConfig({
  test: { include: ['test/**/*.policy.test.ts'], pool: 'threads', isolate: false, testTimeout: 60_000 },
});
