import type { Plan } from './plan.ts';
import { run } from './run.ts';

/** How many shorter histories are tried before the shortest one found so far has to do. */
const MAX_TRIES = 400;

/** The shortest plan found that breaks the same promise. The setup stays, so that what is left is what matters. */
export async function shrink(plan: Plan, promise: string): Promise<Plan> {
  const breaks = async (events: Plan['events']): Promise<boolean> => {
    const { violations } = await run({ ...plan, events });
    return violations.some((violation) => violation.promise === promise);
  };
  return { ...plan, events: await shortestOf(plan.events, breaks, MAX_TRIES) };
}

/** Delta debugging (Zeller, 1999): leaves out ever smaller parts of `all` as long as what is left still breaks. */
export async function shortestOf<Thing>(
  all: readonly Thing[],
  breaks: (some: readonly Thing[]) => Promise<boolean>,
  maxTries: number,
): Promise<readonly Thing[]> {
  let [left, tries, parts] = [all, 0, 1];
  while (left.length > 0 && tries < maxTries) {
    const size = Math.ceil(left.length / parts);
    let shorter: readonly Thing[] | null = null;
    for (let from = 0; from < left.length && shorter === null && tries < maxTries; from += size) {
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      tries += 1;
      if (await breaks(rest)) shorter = rest;
    }
    if (shorter !== null) [left, parts] = [shorter, Math.max(1, parts - 1)];
    else if (size === 1) break;
    else parts = Math.min(left.length, 2 * parts);
  }
  return left;
}
