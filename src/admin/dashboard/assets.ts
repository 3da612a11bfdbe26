import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createPackedText, type PackedText } from '../../envelope/packed-text.ts';

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly text: PackedText;
}

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
} as const;

/** What draws the charts, as its package hands it out. */
const UPLOT = { 'uplot.js': 'uplot/dist/uPlot.esm.js', 'uplot.css': 'uplot/dist/uPlot.min.css' } as const;

const PAGE = join(import.meta.dirname, 'page');

/** All files of the page by name, read once. A script names the package as Node does; here that is a file beside it. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  const add = (name: string, text: string) => {
    const type = TYPES[name.split('.').at(-1) as keyof typeof TYPES];
    assets.set(name, { type, text: createPackedText(Buffer.from(text)) });
  };
  for (const name of readdirSync(PAGE)) {
    const text = readFileSync(join(PAGE, name), 'utf8');
    add(name, text.replace("from 'uplot'", "from './uplot.js'"));
  }
  const { resolve } = createRequire(import.meta.url);
  for (const [name, path] of Object.entries(UPLOT)) add(name, readFileSync(resolve(path), 'utf8'));
  return assets;
}
