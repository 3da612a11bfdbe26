import { parseArgs } from 'node:util';

const realNow = performance.now.bind(performance);

/**
 * `npm run simulate -- [--seed N[,N…]] [--runs M] [--hours H] [--keep-going] [--json] [--mutants [--only WORDS]]`: a
 * fleet under virtual time and a seeded random, judged by what was seen of it. Ends with 1 where a promise was not kept,
 * or a planted bug was not found. `--keep-going` names every seed that breaks a promise, and shortens none.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    hours: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
    plant: { type: 'string' },
  },
});

const wholeOf = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${text} is not a whole number`);
  process.exit(2);
};

async function simulate(): Promise<number> {
  const { drawPlan } = await import('./draw.ts');
  const { run } = await import('./run.ts');
  const { historyJson, planLines, violationLines } = await import('./print.ts');
  const { shrink } = await import('./shrink.ts');
  const first = wholeOf(values.seed?.split(',')[0], Math.floor(Date.now() / 1_000) * 1_000);
  const hours = values.hours === undefined ? null : Number(values.hours);
  const runs =
    hours !== null ? Number.POSITIVE_INFINITY : wholeOf(values.runs, values.seed === undefined ? 100 : 1);
  const startedAtMs = realNow();
  const isTime = () => hours === null || realNow() - startedAtMs < hours * 3_600_000;
  if (values.seed?.includes(',')) return liveThrough(values.seed.split(',').map((seed) => wholeOf(seed, 0)));
  if (values.json) {
    const { history, violations } = await run(drawPlan(first));
    // A pipe takes it in parts, and the process ends behind this.
    await new Promise(
      (written) => void process.stdout.write(`${historyJson(history, violations)}\n`, written),
    );
    return violations.length === 0 ? 0 : 1;
  }
  let calls = 0;
  let broken = 0;
  let seed = first;
  for (; seed < first + runs && isTime(); seed += 1) {
    const plan = drawPlan(seed);
    const { history, violations } = await run(plan);
    calls += history.calls.length;
    const [violation] = violations;
    if (violation === undefined) continue;
    console.log(`seed ${seed} after ${seed - first + 1} runs:\n${violationLines(violations).join('\n')}`);
    broken += 1;
    if (values['keep-going']) continue;
    const shortest = await shrink(plan, violation.promise);
    console.log(`the shortest history found (${shortest.events.length} of ${plan.events.length} events):`);
    console.log(planLines(shortest).join('\n'));
    console.log(violationLines((await run(shortest)).violations).join('\n'));
    console.log(`again: npm run simulate -- --seed ${seed}`);
    return 1;
  }
  const tookS = (realNow() - startedAtMs) / 1_000;
  console.log(
    `seeds ${first} to ${seed - 1}: ${seed - first} runs, ${calls} calls, ${broken === 0 ? 'no promise' : `in ${broken} of them a promise`} broken (${tookS.toFixed(0)} s, ${((1_000 * tookS) / Math.max(1, seed - first)).toFixed(0)} ms a run)`,
  );
  return broken === 0 ? 0 : 1;
}

/** Chosen seeds, one after the other. */
async function liveThrough(seeds: readonly number[]): Promise<number> {
  const { drawPlan } = await import('./draw.ts');
  const { run } = await import('./run.ts');
  const { violationLines } = await import('./print.ts');
  for (const seed of seeds) {
    const { violations } = await run(drawPlan(seed));
    if (violations.length === 0) continue;
    console.log(`seed ${seed}:\n${violationLines(violations).join('\n')}`);
    return 1;
  }
  console.log(`${seeds.length} runs, no promise broken`);
  return 0;
}

/** For a planted bug it is enough to know when a promise breaks. */
async function huntPlanted(name: string): Promise<number> {
  const { store } = (await import('./mutants/plant.ts')).plant(name);
  const { drawPlan } = await import('./draw.ts');
  const { run } = await import('./run.ts');
  const most = wholeOf(values.runs, 200);
  let runs = 0;
  for (let seed = wholeOf(values.seed, 1); runs < most; seed += 1) {
    const plan = drawPlan(seed);
    if (store !== undefined && plan.setup.store !== store) continue;
    runs += 1;
    const { violations } = await run(plan);
    if (violations.length === 0) continue;
    console.log(`found after ${runs} runs\nseed ${seed}: ${violations[0]?.promise}: ${violations[0]?.words}`);
    return 0;
  }
  return 1;
}

async function main(): Promise<number> {
  if (values.plant !== undefined) return huntPlanted(values.plant);
  if (!values.mutants) return simulate();
  const { huntAll } = await import('./mutants/hunt.ts');
  return (await huntAll(wholeOf(values.seed, 1), values.only)) ? 0 : 1;
}

process.exit(await main());
