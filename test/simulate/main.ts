import { parseArgs } from 'node:util';

const realNow = performance.now.bind(performance);

/**
 * `npm run simulate -- [--seed N] [--runs M] [--hours H] [--json]`: a fleet under virtual time and a seeded
 * random, judged by what was seen of it. Ends with 1 where a promise was not kept.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    hours: { type: 'string' },
    json: { type: 'boolean', default: false },
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
  const first = wholeOf(values.seed, Math.floor(Date.now() / 1_000) * 1_000);
  const hours = values.hours === undefined ? null : Number(values.hours);
  const runs =
    hours !== null ? Number.POSITIVE_INFINITY : wholeOf(values.runs, values.seed === undefined ? 100 : 1);
  const startedAtMs = realNow();
  const isTime = () => hours === null || realNow() - startedAtMs < hours * 3_600_000;
  if (values.json) {
    const { history, violations } = await run(drawPlan(first));
    process.stdout.write(`${historyJson(history, violations)}\n`);
    return violations.length === 0 ? 0 : 1;
  }
  let calls = 0;
  let seed = first;
  for (; seed < first + runs && isTime(); seed += 1) {
    const plan = drawPlan(seed);
    const { history, violations } = await run(plan);
    calls += history.calls.length;
    const [violation] = violations;
    if (violation === undefined) continue;
    console.log(`seed ${seed} after ${seed - first + 1} runs:\n${violationLines(violations).join('\n')}`);
    const shortest = await shrink(plan, violation.promise);
    console.log(`the shortest history found (${shortest.events.length} of ${plan.events.length} events):`);
    console.log(planLines(shortest).join('\n'));
    console.log(violationLines((await run(shortest)).violations).join('\n'));
    console.log(`again: npm run simulate -- --seed ${seed}`);
    return 1;
  }
  const tookS = (realNow() - startedAtMs) / 1_000;
  console.log(
    `seeds ${first} to ${seed - 1}: ${seed - first} runs, ${calls} calls, no promise broken (${tookS.toFixed(0)} s, ${((1_000 * tookS) / Math.max(1, seed - first)).toFixed(0)} ms a run)`,
  );
  return 0;
}

process.exit(await simulate());
