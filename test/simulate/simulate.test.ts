import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The simulation takes over the timers of its process, so it has one of its own. */
function simulate(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout };
}

describe('the simulation', { timeout: 120_000 }, () => {
  it('breaks no promise in the runs that once did, and in a few dozen others', () => {
    const { status, stdout } = simulate('--seed', '1', '--runs', '30');
    expect(stdout).toContain('30 runs');
    expect(status).toBe(0);
  });

  it.each(['188', '446', '845', '1097', '2138', '3432'])('breaks none in run %s any more', (seed) => {
    expect(simulate('--seed', seed).stdout).toContain('no promise broken');
  });

  it('tells the same history to the byte each time', () => {
    const [first, second] = [simulate('--seed', '12', '--json'), simulate('--seed', '12', '--json')];
    expect(first.stdout.length).toBeGreaterThan(10_000);
    expect(second.stdout).toBe(first.stdout);
  });

  it('finds a planted bug', () => {
    const planted = simulate('--plant', 'nothing is given back', '--seed', '1', '--runs', '20');
    expect(planted.stdout).toMatch(/^found after \d+ runs/);
  });
});
