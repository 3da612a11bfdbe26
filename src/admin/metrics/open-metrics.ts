export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** The same samples as OpenMetrics wants them: a counter's family is named without `_total`, and the end is marked. */
export function openMetricsOf(prometheusText: string): string {
  const counters = new Set(
    [...prometheusText.matchAll(/^# TYPE (\w+_total) counter$/gm)].map(([, name]) => name),
  );
  const text = prometheusText.replace(/^# (HELP|TYPE) (\w+)/gm, (line, word, name) =>
    counters.has(name) ? `# ${word} ${name.replace(/_total$/, '')}` : line,
  );
  return `${text.replace(/^\n/gm, '').trimEnd()}\n# EOF\n`;
}

/** Whether OpenMetrics is asked for, and not less than plain text. */
export function prefersOpenMetrics(accept: string): boolean {
  const weightOf = (type: string) =>
    Math.max(
      0,
      ...accept
        .split(',')
        .filter((part) => part.trim().toLowerCase().startsWith(type))
        .map((part) => Number(/;\s*q=([\d.]+)/i.exec(part)?.[1] ?? 1)),
    );
  const wanted = weightOf('application/openmetrics-text');
  return wanted > 0 && wanted >= weightOf('text/plain');
}
