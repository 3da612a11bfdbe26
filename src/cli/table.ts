export type TableRow = Readonly<Record<string, unknown>>;

/** Rows as aligned columns for a terminal, named after their keys. However many there are. */
export function tableOf(rows: readonly TableRow[]): string {
  const [first] = rows;
  if (first === undefined) return 'Nothing yet.';
  const names = Object.keys(first);
  const widths = names.map((name) =>
    rows.reduce((width, row) => Math.max(width, cellOf(row[name]).length), name.length),
  );
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [lineOf(names), ...rows.map((row) => lineOf(names.map((name) => cellOf(row[name]))))].join('\n');
}

const cellOf = (value: unknown): string => String(value ?? '-');

/** Rows as CSV under a line of `names`. A cell that a spreadsheet would run as a formula stays text. */
export function csvOf(rows: readonly TableRow[], names: readonly string[]): string {
  return [names.join(','), ...rows.map((row) => names.map((name) => csvCellOf(row[name])).join(','))].join(
    '\n',
  );
}

function csvCellOf(value: unknown): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
