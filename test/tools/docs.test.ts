import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { readConfig, SETTINGS } from '../../src/config.ts';
import { environmentFile, withTables } from '../../tools/docs.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

it('the README says what the code says, and has every table', () => {
  const readme = read('README.md');
  expect(withTables(readme)).toBe(readme);
  for (const name of ['endpoints', 'failures', 'settings', 'plans'])
    expect(readme).toContain(`<!-- /${name} -->`);
});

it('.env.example says what the code says, and sets what is set anyway', () => {
  const text = read('.env.example');
  expect(environmentFile()).toBe(text);
  expect(readConfig(parseEnv(text))).toEqual(readConfig({}));
  for (const name of Object.keys(SETTINGS)) expect(text).toMatch(new RegExp(`^(# )?${name}=`, 'm'));
});

it('a table that drifted is written anew, and a mark without a table is told', () => {
  const written = withTables('a\n<!-- plans -->\nold\n<!-- /plans -->\nb');
  expect(written).toContain('| starter | 51,000 | 8 |');
  expect(written).not.toContain('old');
  expect(() => withTables('<!-- nothing -->\n<!-- /nothing -->')).toThrow('there is no table nothing');
});
