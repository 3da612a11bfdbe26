import type { Plan } from './plan.ts';
import { run } from './run.ts';

/** How many shorter histories are tried before the shortest one found so far has to do. */
const MAX_TRIES = 400;

/**
 * The shortest plan found that breaks the same promise: delta debugging over the list of events (Zeller, 1999). The
 * setup stays, so that what is left is what matters.
 */
export async function shrink(plan: Plan, promise: string): Promise<Plan> {
  let tries = 0;
  const breaks = async (events: Plan['events']): Promise<boolean> => {
    tries += 1;
    const { violations } = await run({ ...plan, events });
    return violations.some((violation) => violation.promise === promise);
  };
  let { events } = plan;
  for (let parts = 2; parts <= events.length && tries < MAX_TRIES; ) {
    const shorter = await withoutOnePart(events, parts, breaks, () => tries < MAX_TRIES);
    if (shorter === null)
      parts = parts === events.length ? events.length + 1 : Math.min(events.length, 2 * parts);
    else {
      events = shorter;
      parts = Math.max(2, parts - 1);
    }
  }
  return { ...plan, events };
}

async function withoutOnePart(
  events: Plan['events'],
  parts: number,
  breaks: (events: Plan['events']) => Promise<boolean>,
  mayTry: () => boolean,
): Promise<Plan['events'] | null> {
  const size = Math.ceil(events.length / parts);
  for (let from = 0; from < events.length && mayTry(); from += size) {
    const rest = [...events.slice(0, from), ...events.slice(from + size)];
    if (await breaks(rest)) return rest;
  }
  return null;
}
