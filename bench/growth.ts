import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createKey } from '../src/keys/key.ts';
import type { Load } from './lab/load.ts';
import { PATHS } from './lab/pages.ts';
import { type Member, rssMbOf, start } from './lab/process.ts';
import { costOf, shown, spreadOf } from './lab/rounds.ts';
import { createWorld, type Keyed, type World } from './lab/world.ts';

const ROUNDS = 5;
/** Of many accounts so many call. */
const MOST_CALLERS = 2_000;

interface Row {
  readonly axis: string;
  readonly value: string;
  readonly 'µs CPU a call': string;
  readonly '÷ bare at 2 KB': string;
  readonly 'RSS, MB': string;
}

/** How the cost of a call grows with keys, connections, exits and the size of a page; all else as in `calls`. */
export async function run(): Promise<void> {
  const world = await createWorld();
  try {
    const bare = { ...(await world.peer('passthrough.ts', 'proxy')), key: '', keys: [] };
    const rowOf = rowsBeside(world, bare);
    const rows: Row[] = [];
    const plain = await world.gateway();
    for (const connections of [10, 100, 500, 2_000])
      rows.push(await rowOf(plain, ['connections', connections], { connections, requests: 4_000 }));
    for (const bytes of [2_000, 64_000, 1_000_000, 10_000_000]) {
      const path = `/bitbucket-api/v1/repo/tags?repo=bytes/n${bytes}`;
      const requests = Math.max(40, Math.min(2_000, Math.ceil(1e8 / bytes)));
      rows.push(await rowOf(plain, ['bytes of a page', bytes], { path, requests, connections: 8 }));
    }
    const proxies = [
      world.proxy,
      world.keep(await start('proxy.ts', [])),
      world.keep(await start('proxy.ts', [])),
    ];
    for (const exits of [1, 100, 1_000, 10_000]) {
      const env = { PROXY_FILE: manyExits(world.folder, proxies, exits) };
      const gateway = await world.gateway({ exits: '', env });
      rows.push(await rowOf(gateway, ['exits', exits], { requests: Math.max(2_000, exits * 4) }));
    }
    for (const accounts of [10, 1_000, 100_000, 1_000_000]) {
      const file = join(world.folder, `keys-${accounts}.db`);
      const gateway = await world.gateway({ storeUrl: `sqlite:${file}`, fill: () => fill(file, accounts) });
      rows.push(await rowOf(gateway, ['keys', accounts], { keys: gateway.keys, requests: 4_000 }));
    }
    console.table(rows);
  } finally {
    await world.close();
  }
}

type Given = Partial<Load> & { readonly requests: number };

/**
 * Rows, each beside a bare passthrough that serves 2 KB over as many connections in the same rounds: what both show is
 * the machine's, and what so many connections cost Node itself.
 */
function rowsBeside(world: World, bare: Keyed) {
  const loadOf = ({ port, key }: Keyed, given: Given): Load => ({
    port,
    path: '/bitbucket-api/v1/repo?repo=bench/small',
    headers: { 'accept-encoding': 'gzip', 'x-oanor-key': key },
    connections: 16,
    ...given,
  });
  return async (gateway: Keyed, [axis, value]: readonly [string, number], given: Given): Promise<Row> => {
    const load = loadOf(gateway, given);
    const { connections } = load;
    const beside = loadOf(bare, { path: PATHS['2 KB'].upstream, connections, requests: 2_000 });
    const costs: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const { cpuUs } = await costOf(world, gateway.pid, load);
      const { cpuUs: bareUs } = await costOf(world, bare.pid, beside);
      // The first round opens what there is to open.
      if (round === 0) continue;
      costs.push(cpuUs);
      ratios.push(cpuUs / bareUs);
    }
    return {
      axis,
      value: value.toLocaleString('en'),
      'µs CPU a call': shown(spreadOf(costs), 0),
      '÷ bare at 2 KB': shown(spreadOf(ratios)),
      'RSS, MB': rssMbOf(gateway.pid).toFixed(0),
    };
  };
}

/**
 * A file of proxies under so many names, each of which is an exit. A tunnel takes two of a proxy's descriptors, of which
 * a process may have 20,000.
 */
function manyExits(folder: string, proxies: readonly Member[], exits: number): string {
  const file = join(folder, `exits-${exits}`);
  const portOf = (i: number) => proxies[i % proxies.length]?.port;
  const lines = Array.from({ length: exits }, (_, i) => `http://exit${i}:secret@127.0.0.1:${portOf(i)}`);
  writeFileSync(file, lines.join('\n'), { mode: 0o600 });
  return file;
}

/** Adds accounts of one key each to a store; the keys of some of them. */
function fill(file: string, accounts: number): string[] {
  const db = new DatabaseSync(file);
  const account = db.prepare(`
    INSERT INTO accounts (id, name, plan, overrides, suspended, expires_at_ms)
    VALUES (?, ?, 'mega', '{"callsPerSecond":1000000,"callsPerMonth":1000000000}', 0, NULL)`);
  const kept = db.prepare('INSERT INTO keys (hash, id, account_id, created_at_ms) VALUES (?, ?, ?, 0)');
  const every = Math.ceil(accounts / MOST_CALLERS);
  const callers: string[] = [];
  db.exec('BEGIN');
  for (let i = 0; i < accounts; i += 1) {
    const { key, id, hash } = createKey('live');
    account.run(`acct_${i}`, `account ${i}`);
    kept.run(hash, id, `acct_${i}`);
    if (i % every === 0) callers.push(key);
  }
  db.exec('COMMIT');
  db.close();
  return callers;
}
