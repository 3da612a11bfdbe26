export type Row = Readonly<Record<string, unknown>>;

/** Rows as aligned columns for a terminal, named after their keys. */
export function tableOf(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return 'Nothing yet.';
  const names = Object.keys(first);
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '-')))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
