import { readFileSync, writeFileSync } from 'node:fs';
import { openApiOf } from '../src/describe/openapi.ts';
import { table } from '../src/endpoints/table.ts';
import { codeSamplesOf } from './code-samples.ts';
import { postmanOf } from './postman.ts';

/**
 * Writes what is generated of the table: the samples of code that the description shows, `openapi.json`, and the Postman
 * collection made of it. With `--check`, ends with 1 when a file says something else.
 */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const samples = Object.fromEntries(table.map((row) => [row.operationId, codeSamplesOf(row)]));
const description = openApiOf(table, version, samples);
const written = {
  '../src/describe/code-samples.json': samples,
  'openapi.json': description,
  '../src/describe/postman.json': await postmanOf(description),
};
for (const [name, content] of Object.entries(written)) {
  const file = new URL(name, import.meta.url);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} does not say what the table says: npm run openapi`);
    process.exitCode = 1;
  }
}
