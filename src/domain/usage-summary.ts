import { dayOf } from './calendar.ts';
import type { UsageRow } from './usage.ts';

type Counts = Omit<UsageRow, 'day' | 'endpoint' | 'code'>;

/** A month's rows added up in the three ways people ask for, and in all. */
export interface UsageSummary {
  readonly total: Counts;
  readonly days: readonly (Counts & { readonly day: string })[];
  readonly endpoints: readonly (Counts & { readonly endpoint: string })[];
  readonly codes: readonly (Counts & { readonly code: string })[];
}

export function summaryOf(rows: readonly UsageRow[]): UsageSummary {
  return {
    total: sumOf(rows),
    days: groupsOf(rows, 'day'),
    endpoints: groupsOf(rows, 'endpoint'),
    codes: groupsOf(rows, 'code'),
  };
}

function groupsOf<Name extends 'day' | 'endpoint' | 'code'>(
  rows: readonly UsageRow[],
  name: Name,
): (Counts & Record<Name, string>)[] {
  const groups = Map.groupBy(rows, (row) => row[name]);
  return [...groups.keys()]
    .sort()
    .map((value) => ({ [name]: value, ...sumOf(groups.get(value) ?? []) }) as Counts & Record<Name, string>);
}

const sumOf = (rows: readonly UsageRow[]): Counts => {
  const sum = (name: keyof Counts) => rows.reduce((total, row) => total + row[name], 0);
  return {
    calls: sum('calls'),
    charged: sum('charged'),
    bytesOut: sum('bytesOut'),
    bytesExit: sum('bytesExit'),
  };
};

/** The month `back` months before the one of `nowMs`, `'2026-11'`; UTC. */
export function monthOf(nowMs: number, back = 0): string {
  if (back === 0) return dayOf(nowMs).slice(0, 7);
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7);
}
