import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createGateway, type Gateway } from './gateway.ts';

/** What the README tells callers to write, run word for word. */
const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'readme-'));
let gateway: Gateway;
let origin: string;

beforeAll(async () => {
  gateway = await createGateway();
  await gateway.server.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(gateway.server.server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

/** The one sample of TypeScript that has `word` in it. */
function sampleWith(word: string): string {
  const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  const found = samples.filter((sample) => sample.includes(word));
  if (found.length !== 1) throw new Error(`${found.length} samples have ${word}`);
  return found[0] ?? '';
}

/** A module of such lines, which finds packages where this project has them. */
async function load<Module>(name: string, lines: string): Promise<Module> {
  const file = join(folder, `${name}.ts`);
  const placed = lines
    .replaceAll('http://localhost:8080', origin)
    .replaceAll(/from '([\w-]+)'/g, (_, found) => `from '${fileURLToPath(import.meta.resolve(found))}'`);
  writeFileSync(file, placed);
  return (await import(file)) as Module;
}

it('the reader of RateLimit reads what the other headers say', async () => {
  const [imports = '', ...rest] = sampleWith('parseList').split('\n');
  const { read } = await load<{ read(response: Response): unknown }>(
    'limits',
    `${imports}\nexport function read(response: Response) {\n${rest.join('\n')}\nreturn left;\n}`,
  );
  const response = await fetch(`${origin}/bitbucket-api/v1/meta`, {
    headers: { 'x-oanor-key': gateway.key },
  });
  const saidBy = (name: string) => Number(response.headers.get(name));
  expect(read(response)).toEqual([
    ['second', saidBy('x-ratelimit-remaining'), saidBy('x-ratelimit-reset')],
    ['month', saidBy('x-quota-remaining'), saidBy('x-quota-reset')],
  ]);
  expect(saidBy('x-quota-remaining')).toBeGreaterThan(0);
});

it('the caller and the loop over all pages print every branch', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const loop = sampleWith('console.log(data.values').replace('atlassian/atlassian-event', 'acme/big');
  await load('pages', `const key = '${gateway.key}';\n${sampleWith('const call =')}\n${loop}`);
  const printed = log.mock.calls.flatMap(([names]) => names as string[]);
  log.mockRestore();
  expect(printed).toHaveLength(249);
  expect(new Set(printed).size).toBe(249);
});
