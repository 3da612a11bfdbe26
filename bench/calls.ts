import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { SIZES, type Size } from './lab/pages.ts';
import { measure, type Rounds, ratioOf, type Slice, type Spread, shown, spreadOf } from './lab/rounds.ts';
import { check, createVariants, type Variant, type Variants } from './lab/variants.ts';
import { createWorld } from './lab/world.ts';
import { pictureOf } from './picture.ts';

/** A process is as fast as its memory happens to lie and its code to be compiled, a fifth up or down: so some of each. */
const WORLDS = 3;
/** How long the interleaved rounds of each go on; all else takes half a minute. */
const FOR_MS = 50_000;

interface Goal {
  readonly what: string;
  readonly of: string;
  readonly over: string;
  /** At most, or at least, for each size. */
  readonly bound: 'most' | 'least';
  readonly values: Readonly<Record<Size, number>>;
}

const per = (small: number, medium: number, large: number) => ({
  '2 KB': small,
  '64 KB': medium,
  '1 MB': large,
});

/** What the gateway has to reach; ratios of CPU per request, each within one round. */
const GOALS: readonly Goal[] = [
  {
    what: 'full ÷ bare passthrough, identity',
    of: 'full',
    over: 'bare',
    bound: 'most',
    values: per(1.1, 0.95, 1),
  },
  {
    what: 'full with gzip ÷ bare passthrough',
    of: 'full, gzip',
    over: 'bare',
    bound: 'most',
    values: per(1.1, 0.95, 1),
  },
  { what: 'naive ÷ full, identity', of: 'naive', over: 'full', bound: 'least', values: per(1, 2, 3.8) },
  {
    what: 'naive with recompression ÷ full, gzip',
    of: 'naive, gzip',
    over: 'full, gzip',
    bound: 'least',
    values: per(2.2, 5, 7.5),
  },
  {
    what: 'full ÷ nginx with envelope, no proxy, gzip',
    of: 'full, direct, gzip',
    over: 'nginx',
    bound: 'most',
    values: per(5, 3.5, 3),
  },
  {
    what: 'full ÷ http-proxy with rate-limit',
    of: 'full',
    over: 'http-proxy',
    bound: 'most',
    values: per(0.95, 0.85, 0.8),
  },
];

/**
 * No goals: the one row that reshapes its page and so has to parse it; pages of which nothing is known yet, as the others
 * come again and again; a bare passthrough that only moves what Bitbucket compressed; and for the noise the same against
 * itself.
 */
const BESIDE = [
  { what: 'naive ÷ full, /v1/repo/src', of: 'naive, src', over: 'full, src' },
  { what: 'full with gzip, pages never seen before ÷ bare', of: 'full, gzip, new pages', over: 'bare' },
  { what: 'full with gzip ÷ bare that passes gzip on', of: 'full, gzip', over: 'bare, gzip' },
  { what: 'bare ÷ itself', of: 'bare again', over: 'bare' },
];

/** What one world of processes comes to. */
async function measured(): Promise<Variants & { readonly rounds: Rounds }> {
  const world = await createWorld();
  try {
    const variants = await createVariants(world);
    for (const size of SIZES) for (const variant of variants.all) await check(world, variant, size);
    return { ...variants, rounds: await measure(world, variants.all, FOR_MS) };
  } finally {
    await world.close();
  }
}

export async function run(): Promise<void> {
  const { all, absent, versions, rounds } = await measured();
  for (let world = 1; world < WORLDS; world += 1) {
    const more = await measured();
    for (const size of SIZES) rounds[size].push(...more.rounds[size]);
  }
  const costs = all.map((variant) => costOf(variant, rounds));
  const goals = GOALS.map((goal) => judged(goal, rounds));
  const beside = BESIDE.map(({ what, of, over }) => ({
    what,
    ...Object.fromEntries(SIZES.map((size) => [size, shownIfAny(ratioOf(rounds, size, of, over))])),
  }));
  console.log(`CPU per request, µs; ${rounds['2 KB'].length} rounds`);
  console.table(costs);
  console.log('Ratios within a round: median (nine of ten between)');
  console.table([...goals, ...beside]);
  for (const name of absent) console.log(`absent: ${name} is not installed here`);
  write({
    rounds: rounds['2 KB'].length,
    costs,
    goals,
    beside,
    absent,
    versions: { node: process.version, ...versions },
  });
}

function costOf({ name }: Variant, rounds: Rounds) {
  const row: Record<string, string | number> = { variant: name };
  for (const size of SIZES) {
    const slices = rounds[size].flatMap((round) => round.get(name) ?? []);
    const median = (field: keyof Slice) => spreadOf(slices.map((slice) => slice[field])).median;
    row[size] = Math.round(median('cpuUs'));
    row[`${size}: /s`] = Math.round(median('perSecond'));
    row[`${size}: p50, p99 ms`] = `${median('p50Ms').toFixed(1)}, ${median('p99Ms').toFixed(1)}`;
    row['RSS MB'] = Math.round(median('rssMb'));
  }
  return row;
}

function judged({ what, of, over, bound, values }: Goal, rounds: Rounds) {
  const row: Record<string, string> = { what };
  for (const size of SIZES) {
    const spread = ratioOf(rounds, size, of, over);
    const isMet =
      spread !== null && (bound === 'most' ? spread.median <= values[size] : spread.median >= values[size]);
    const sign = bound === 'most' ? '≤' : '≥';
    row[size] =
      spread === null ? 'absent' : `${shown(spread)} ${sign} ${values[size]} ${isMet ? 'met' : 'MISSED'}`;
  }
  return row;
}

const shownIfAny = (spread: Spread | null) => (spread === null ? 'absent' : shown(spread));

interface Results {
  readonly costs: readonly Readonly<Record<string, string | number>>[];
  readonly [name: string]: unknown;
}

/** Leaves the figures, their picture, and the machine they are true of. */
function write(results: Results): void {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    linux: release(),
  };
  const at = new Date().toISOString();
  const text = JSON.stringify({ at, machine, ...results }, null, 2);
  writeFileSync(join(import.meta.dirname, 'results.json'), `${text}\n`);
  const where = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.linux}, Node ${process.version}, ${at.slice(0, 10)}`;
  const figures = results.costs.map((cost) => ({
    variant: String(cost.variant),
    cpuUs: Object.fromEntries(SIZES.map((size) => [size, Number(cost[size])])) as Record<Size, number>,
  }));
  writeFileSync(join(import.meta.dirname, '../docs/bench.svg'), pictureOf(figures, where));
}
