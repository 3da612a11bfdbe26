import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

const ONCE_BROKEN = [
  ...[4, 188, 446, 453, 845, 1097, 1372, 2004, 2138, 2357, 2470, 3249, 3432, 3455],
  ...[21_167, 701_468, 703_078, 881_531, 9_000_146, 77_000_792, 226_716_878, 300_000_467, 4_000_000_283],
];

/** The simulation takes over the timers of its process, so it has one of its own. */
function simulate(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout };
}

const pipedJson = (seed: number) =>
  execFileSync('sh', ['-c', '"$0" "$@" | cat', process.execPath, main, '--seed', `${seed}`, '--json'], {
    encoding: 'utf8',
  });

describe('the simulation', { timeout: 120_000 }, () => {
  it('breaks no promise in a few dozen runs', () => {
    const { status, stdout } = simulate('--seed', '1', '--runs', '30');
    expect(stdout).toContain('30 runs');
    expect(status).toBe(0);
  });

  it('breaks none any more in runs that once did', () => {
    expect(simulate('--seed', ONCE_BROKEN.join()).stdout).toContain(
      `${ONCE_BROKEN.length} runs, no promise broken`,
    );
  });

  it('tells the same history to the byte each time, and all of it, into a pipe too', () => {
    const [first, second] = [pipedJson(4_000_000_283), pipedJson(4_000_000_283)];
    expect(JSON.parse(first).calls.length).toBeGreaterThan(200);
    expect(second).toBe(first);
  });

  it('finds a planted bug', () => {
    const planted = simulate('--plant', 'nothing is given back', '--seed', '1', '--runs', '20');
    expect(planted.stdout).toMatch(/^found after \d+ runs/);
  });
});
