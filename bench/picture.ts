import { SIZES, type Size } from './lab/pages.ts';

/** CPU per request of one variant, µs. */
export interface Cost {
  readonly variant: string;
  readonly cpuUs: Readonly<Record<Size, number>>;
}

const SHOWN = ['bare', 'full', 'http-proxy', 'naive', 'bare, gzip', 'full, gzip', 'naive, gzip', 'nginx'];
const [LABELS, BARS, ROW, HEAD] = [130, 170, 18, 46];
const WIDTH = LABELS + SIZES.length * (BARS + 20) + 10;

/** The figures as bars, one column a size, each against its own longest; black on white and white on black. */
export function pictureOf(costs: readonly Cost[], machine: string): string {
  const rows = SHOWN.flatMap((name) => costs.find(({ variant }) => variant === name) ?? []);
  const height = HEAD + rows.length * ROW + 26;
  const columns = SIZES.map((size, column) => columnOf(rows, size, LABELS + column * (BARS + 20)));
  const names = rows.map(({ variant }, row) => text(0, HEAD + row * ROW + 12, variant));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU per request">
<style>text{font:12px system-ui,sans-serif;fill:#24292f}.own{fill:#2563eb}.other{fill:#9ca3af}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
${text(0, 14, 'CPU per request, µs: less is better')}
${[...names, ...columns].join('\n')}
${text(0, height - 6, machine)}
</svg>
`;
}

function columnOf(rows: readonly Cost[], size: Size, x: number): string {
  const longest = Math.max(...rows.map(({ cpuUs }) => cpuUs[size]));
  const bars = rows.map(({ variant, cpuUs }, row) => {
    const y = HEAD + row * ROW;
    const width = Math.max(1, Math.round((cpuUs[size] / longest) * (BARS - 50)));
    const kind = variant.startsWith('full') ? 'own' : 'other';
    const bar = `<rect class="${kind}" x="${x}" y="${y + 2}" width="${width}" height="${ROW - 5}"/>`;
    return bar + text(x + width + 4, y + 12, Math.round(cpuUs[size]).toLocaleString('en'));
  });
  return [text(x, HEAD - 8, size), ...bars].join('\n');
}

const text = (x: number, y: number, words: string) => `<text x="${x}" y="${y}">${words}</text>`;
