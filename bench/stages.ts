import { join } from 'node:path';
import { sliceOf, spreadOf } from './lab/rounds.ts';
import { fullGateway, type Variant } from './lab/variants.ts';
import { STAGES } from './lab/without.ts';
import { createWorld } from './lab/world.ts';

/** Until V8 has compiled what there is to compile, a call costs twice as much. */
const WARM_UP = 20_000;
const ROUNDS = 21;
/** The first of them warm the two up again. */
const UNCOUNTED = 5;
const CALLS = 800;

/** What each stage of a call of 2 KB costs: the same gateway with that stage left out, side by side with the whole. */
export async function run(): Promise<void> {
  const world = await createWorld();
  const imports = [join(import.meta.dirname, 'lab/without.ts')];
  try {
    const whole = fullGateway('whole', await world.gateway(), 'gzip');
    const again = fullGateway('whole again', await world.gateway(), 'gzip');
    const variants: Variant[] = [whole, again];
    for (const { name } of STAGES)
      variants.push(fullGateway(name, await world.gateway({ env: { WITHOUT: name }, imports }), 'gzip'));
    for (const variant of variants) await sliceOf(world, variant, '2 KB', WARM_UP);
    const shares = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
    const costs: number[] = [];
    const costOf = async (variant: Variant) => (await sliceOf(world, variant, '2 KB', CALLS)).cpuUs;
    for (const variant of variants.slice(1)) {
      // The two take turns, so that each is as warm as the other.
      for (let round = 0; round < ROUNDS; round += 1) {
        const [all, without] = [await costOf(whole), await costOf(variant)];
        if (round < UNCOUNTED) continue;
        shares.get(variant.name)?.push(1 - without / all);
        costs.push(all);
      }
    }
    console.log(
      `A call of 2 KB: ${spreadOf(costs).median.toFixed(0)} µs CPU. What it costs less without a stage:`,
    );
    console.table(
      variants.slice(1).map(({ name }) => {
        const { median, low, high } = spreadOf(shares.get(name) ?? []);
        const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
        return {
          stage: name,
          share: percent(median),
          'nine of ten between': `${percent(low)} and ${percent(high)}`,
        };
      }),
    );
  } finally {
    await world.close();
  }
}
