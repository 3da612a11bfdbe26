import { spawnSync } from 'node:child_process';

/** Whether what Prometheus says can be asked. CI must have it: there such tests fail instead of being skipped. */
export const hasPromtool = process.env.CI !== undefined || spawnSync('promtool', ['--version']).status === 0;
