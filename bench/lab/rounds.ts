import type { Load, Loaded } from './load.ts';
import { SIZES, type Size } from './pages.ts';
import { cpuUsOf, rssMbOf } from './process.ts';
import { loadOf, type Variant } from './variants.ts';
import type { World } from './world.ts';

/** What one slice of calls cost. */
export interface Slice {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

/** `rounds[i].get(name)`: the slices of one round stand near each other in time, so that ratios are fair. */
export type Rounds = Readonly<Record<Size, ReadonlyMap<string, Slice>[]>>;

const REQUESTS: Readonly<Record<Size, number>> = { '2 KB': 640, '64 KB': 240, '1 MB': 32 };

/** Before anything is counted: a gateway runs for weeks, and its first thousand calls are compiled as they come. */
const WARM_UP: Readonly<Record<Size, number>> = { '2 KB': 3_000, '64 KB': 600, '1 MB': 60 };

/** Interleaved rounds over all variants for about `forMs`, three at least; the first one is left out. */
export async function measure(world: World, variants: readonly Variant[], forMs: number): Promise<Rounds> {
  const rounds: Record<Size, Map<string, Slice>[]> = { '2 KB': [], '64 KB': [], '1 MB': [] };
  for (const size of SIZES)
    for (const variant of variants) await sliceOf(world, variant, size, WARM_UP[size]);
  const startedAtMs = performance.now();
  for (let round = 0; round < 4 || performance.now() - startedAtMs < forMs; round += 1) {
    for (const size of SIZES) {
      const slices = new Map<string, Slice>();
      for (const variant of shuffled(variants)) slices.set(variant.name, await sliceOf(world, variant, size));
      if (round > 0) rounds[size].push(slices);
    }
  }
  return rounds;
}

/** In any order: what a server leaves to its collector is done while the next one is measured. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]!);
}

export async function sliceOf(
  world: World,
  variant: Variant,
  size: Size,
  requests = REQUESTS[size],
): Promise<Slice> {
  const { cpuUs, wallMs, latenciesMs } = await costOf(
    world,
    variant.member.pid,
    loadOf(variant, size, requests),
  );
  return {
    cpuUs,
    perSecond: (requests * 1_000) / wallMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    rssMb: rssMbOf(variant.member.pid),
  };
}

/** What a load cost the process `pid`, µs of CPU per request. Throws where a call failed. */
export async function costOf(
  world: World,
  pid: number,
  load: Load,
): Promise<Loaded & { readonly cpuUs: number }> {
  const before = cpuUsOf(pid);
  const loaded = await world.load(load);
  const cpuUs = (cpuUsOf(pid) - before) / load.requests;
  const { failures, firstFailure } = loaded;
  if (failures > 0)
    throw new Error(`${load.path}: ${failures} of ${load.requests} calls failed: ${firstFailure}`);
  return { ...loaded, cpuUs };
}

/** Of sorted numbers. */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median, and what nine of ten lie between. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) };
}

/** Median, and in brackets what nine of ten lie between. */
export const shown = ({ median, low, high }: Spread, digits = 2): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

/** `of` ÷ `over` in each round. */
export function ratioOf(rounds: Rounds, size: Size, of: string, over: string): Spread | null {
  const ratios = rounds[size].flatMap((round) => {
    const [one, other] = [round.get(of), round.get(over)];
    return one === undefined || other === undefined ? [] : [one.cpuUs / other.cpuUs];
  });
  return ratios.length === 0 ? null : spreadOf(ratios);
}
