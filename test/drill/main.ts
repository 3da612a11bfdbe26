import { parseArgs } from 'node:util';
import type { Drill } from './drill.ts';
import { diskFull } from './drills/disk-full.ts';
import { exitsDead } from './drills/exits-dead.ts';
import { gatewayKilled } from './drills/gateway-killed.ts';
import { malformed } from './drills/malformed.ts';
import { redisFailover } from './drills/redis-failover.ts';
import { redisKilled } from './drills/redis-killed.ts';
import { rollingRestart } from './drills/rolling-restart.ts';
import { bigPages, slowLoris, slowReaders } from './drills/sockets.ts';
import { unknownKeys } from './drills/unknown-keys.ts';
import { upstreamDown } from './drills/upstream-down.ts';
import { createGround } from './processes.ts';
import { lineOf } from './tally.ts';

/** Every drill, in the order in which they run. */
export const DRILLS: readonly Drill[] = [
  gatewayKilled,
  redisKilled,
  redisFailover,
  diskFull,
  upstreamDown,
  exitsDead,
  slowLoris,
  slowReaders,
  bigPages,
  unknownKeys,
  malformed,
  rollingRestart,
];

/** Runs one drill on ground of its own and prints its line; whether it kept its promise. */
async function perform(drill: Drill, isShort: boolean): Promise<boolean> {
  const ground = await createGround();
  try {
    const tally = await drill.run(ground, isShort);
    console.log(lineOf(drill.name, tally));
    for (const remark of tally.remarks) console.log(`  ${remark}`);
    return tally.lost === 0 && tally.overcharged === 0 && tally.remarks.length === 0;
  } catch (error) {
    console.log(`${drill.name}: could not be run: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    await ground.close();
  }
}

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { short: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.list) for (const { name, promise } of DRILLS) console.log(`${name}: ${promise}`);
  if (values.list) return 0;
  const wanted = DRILLS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  let failed = wanted.length === 0 ? 1 : 0;
  for (const drill of wanted) if (!(await perform(drill, values.short))) failed += 1;
  return failed === 0 ? 0 : 1;
}

// Not by `exitCode`: a socket that was reset with a request on it can keep Node from its end for ever.
if (import.meta.main) process.exit(await main(process.argv.slice(2)));
