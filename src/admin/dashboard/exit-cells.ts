import type { ExitStateName, ExitView } from '../../domain/operator.ts';

/** So many cells a page can draw each second; a list may have thousands. */
export const MAX_CELLS = 400;

/** The exits of this gateway, as a grid shows them. */
export interface ExitGrid {
  readonly states: Readonly<Partial<Record<ExitStateName, number>>>;
  /** Of those in service: calls of any 60 minutes, and how many of them are left now. */
  readonly budget: number;
  readonly left: number;
  /** By source and label; where there are more than can be shown, those out of service come first. */
  readonly cells: readonly ExitView[];
  /** How many are not among `cells`. */
  readonly hidden: number;
}

/** The hour of these comes back by itself. */
const inService = ({ state }: ExitView) => state === 'healthy' || state === 'spent';

export function exitGridOf(exits: readonly ExitView[]): ExitGrid {
  const states: Partial<Record<ExitStateName, number>> = {};
  for (const { state } of exits) states[state] = (states[state] ?? 0) + 1;
  const serving = exits.filter(inService);
  const cells = shownOf(exits).sort(byName);
  return {
    states,
    budget: serving.reduce((sum, { hourlyBudget }) => sum + hourlyBudget, 0),
    left: serving.reduce((sum, { budgetLeft }) => sum + budgetLeft, 0),
    cells,
    hidden: exits.length - cells.length,
  };
}

/** Chosen before they are sorted: of ten thousand only those that are shown. */
function shownOf(exits: readonly ExitView[]): ExitView[] {
  const isHealthy = ({ state }: ExitView) => state === 'healthy';
  const away = exits.filter((exit) => !isHealthy(exit));
  return [...away, ...exits.filter(isHealthy)].slice(0, MAX_CELLS);
}

const { compare } = new Intl.Collator('en', { numeric: true });
const byName = (a: ExitView, b: ExitView) => compare(a.source, b.source) || compare(a.label, b.label);
