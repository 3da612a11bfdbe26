import { readFileSync, writeFileSync } from 'node:fs';
import { openApiOf } from '../src/describe/openapi.ts';
import { table } from '../src/endpoints/table.ts';

/** Writes `openapi.json` from the table; with `--check`, ends with 1 when the file there says something else. */
const file = new URL('openapi.json', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const text = `${JSON.stringify(openApiOf(table, version), null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('openapi.json does not say what the table says: npm run openapi');
  process.exit(1);
}
