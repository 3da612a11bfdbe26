import type { History, Violation } from './history.ts';
import { checkAll } from './model/check.ts';
import type { Plan } from './plan.ts';
import { createFleet } from './world/fleet.ts';
import { perform } from './world/perform.ts';

export interface Outcome {
  readonly history: History;
  readonly violations: readonly Violation[];
}

/** Lives through a plan under virtual time and judges what was seen. */
export async function run({ setup, events }: Plan): Promise<Outcome> {
  const fleet = await createFleet(setup);
  try {
    for (const event of events)
      fleet.time.after(event.atMs + fleet.readyAtMs - fleet.time.now(), () => perform(fleet, event));
    const lastMs = (events.at(-1)?.atMs ?? 0) + fleet.readyAtMs;
    await fleet.time.passUntil(lastMs + 10);
    await fleet.finish();
  } catch (error) {
    fleet.thrown.push(`the run itself: ${error instanceof Error ? error.stack : String(error)}`);
  }
  await fleet.close();
  const history = fleet.history();
  return { history, violations: checkAll(history) };
}
