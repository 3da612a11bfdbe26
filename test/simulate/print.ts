import type { History, Violation } from './history.ts';
import type { Event, Plan } from './plan.ts';

/** A plan for a person: what the world is, then one line an event. */
export function planLines({ setup, events }: Plan): string[] {
  const { accounts, exits, ...rest } = setup;
  return [
    `  world: ${JSON.stringify(rest)}`,
    `  accounts: ${accounts.map(({ plan, callsPerMonth, callsPerSecond }) => `${plan} ${callsPerMonth} a month ${callsPerSecond} a second`).join(', ')}`,
    `  exits: ${exits.map(({ id, kind }) => `${id} (${kind})`).join(', ')}`,
    ...events.map((event) => `  ${lineOf(event)}`),
  ];
}

function lineOf({ atMs, do: what, ...rest }: Event): string {
  const words = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `${String(atMs).padStart(8)} ms  ${what}  ${words.join(', ')}`;
}

export const violationLines = (violations: readonly Violation[]): string[] =>
  violations.slice(0, 5).map(({ promise, words }) => `  broken: ${promise}: ${words}`);

/** Everything that was seen, as one JSON document without wall times: equal to the byte for equal seeds. */
export function historyJson(history: History, violations: readonly Violation[]): string {
  const { setup, calls, seen, acts, lives, offsets, usage, left, thrown } = history;
  return JSON.stringify(
    {
      setup,
      violations,
      calls,
      upstream: seen,
      acts,
      lives,
      offsets,
      usage: [...usage].sort(),
      left,
      thrown,
    },
    (_name, value) => (value === Number.POSITIVE_INFINITY ? 'never' : value),
    1,
  );
}
