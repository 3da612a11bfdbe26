import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

/** What each room may import beside itself and packages; `app` stands for the files at the top. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain'],
  keys: ['domain', 'store'],
  limits: ['domain', 'store'],
  input: [],
  egress: ['domain', 'store'],
  envelope: ['domain'],
  endpoints: ['domain', 'input', 'envelope'],
  contract: ['domain', 'input', 'envelope', 'endpoints'],
  admin: ['domain', 'envelope', 'endpoints'],
  cli: ['domain', 'store', 'keys', 'limits', 'egress', 'app'],
  app: ['domain', 'store', 'keys', 'limits', 'input', 'egress', 'envelope', 'endpoints', 'contract', 'admin'],
};

/** Packages with one home each. */
const HOMES: Readonly<Record<string, RegExp>> = {
  undici: /^egress\//,
  'https-proxy-agent': /^(egress|cli)\//,
  '@fastify/rate-limit': /^limits\//,
  'node:sqlite': /^store\/|-sqlite\.ts$/,
  ioredis: /^store\/|-redis\.ts$/,
  pino: /^main\.ts$/,
  '@modelcontextprotocol/sdk': /^contract\/mcp\.ts$/,
};

interface Import {
  readonly from: string;
  /** A file of `src`, or a package. */
  readonly to: string;
}

function importsOf(file: string, text: string): Import[] {
  return parseSync(file, text).module.staticImports.map(({ moduleRequest: { value } }) => ({
    from: file,
    to: value.startsWith('.') ? join(dirname(file), value) : value,
  }));
}

const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : 'app');

function faultOf({ from, to }: Import): string | null {
  if (!to.endsWith('.ts')) {
    const home = Object.entries(HOMES).find(([name]) => to === name || to.startsWith(`${name}/`))?.[1];
    return home === undefined || home.test(from) ? null : `${from} imports ${to}, which lives elsewhere`;
  }
  const [room, other] = [roomOf(from), roomOf(to)];
  return room === other || MAY[room]?.includes(other) ? null : `${from} imports ${to} sideways`;
}

/** The files of a circle, or null. */
function circleIn(imports: readonly Import[]): string[] | null {
  const done = new Set<string>();
  const follow = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path, file];
    if (done.has(file)) return null;
    for (const { to } of imports.filter(({ from }) => from === file)) {
      const circle = follow(to, [...path, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const { from } of imports) {
    const circle = follow(from, []);
    if (circle !== null) return circle;
  }
  return null;
}

const src = join(import.meta.dirname, '../src');
const imports = globSync('**/*.ts', { cwd: src }).flatMap((file) =>
  importsOf(file, readFileSync(join(src, file), 'utf8')),
);

describe('imports', () => {
  it('are found', () => expect(imports.length).toBeGreaterThan(100));
  it('go down, never sideways, and packages stay in their homes', () =>
    expect(imports.map(faultOf).filter(Boolean)).toEqual([]));
  it('have no circle', () => expect(circleIn(imports)).toBeNull());
});

describe('a planted fault is found', () => {
  it.each([
    ['keys/key.ts', "import { x } from '../limits/period.ts';"],
    ['domain/plan.ts', "import { x } from '../keys/key.ts';"],
    ['limits/period.ts', "import { Agent } from 'undici';"],
    ['endpoints/table.ts', "export { x } from '../egress/exit.ts'; import '../egress/exit.ts';"],
  ])('%s: %s', (file, text) => {
    expect(importsOf(file, text).map(faultOf).filter(Boolean)).toHaveLength(1);
  });

  it('a circle', () => {
    const planted = [...importsOf('a/x.ts', "import './y.ts'"), ...importsOf('a/y.ts', "import './x.ts'")];
    expect(circleIn(planted)).toEqual(['a/x.ts', 'a/y.ts', 'a/x.ts']);
  });
});
