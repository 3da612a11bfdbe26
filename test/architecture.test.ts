import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

/**
 * What each room may import beside itself and packages. Files at the top of `src` are rooms of their own: `way`,
 * `config`, and `gateway` for all who build the world.
 */
const MAY: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain'],
  keys: ['domain', 'store'],
  limits: ['domain', 'store'],
  egress: ['domain', 'store'],
  input: ['domain'],
  envelope: ['domain'],
  endpoints: ['domain', 'input', 'envelope'],
  way: ['domain', 'keys', 'limits', 'input', 'envelope', 'endpoints'],
  describe: ['domain', 'input', 'envelope', 'endpoints'],
  mcp: ['domain', 'input', 'envelope', 'endpoints', 'way'],
  http: ['domain', 'keys', 'limits', 'input', 'envelope', 'endpoints', 'describe', 'mcp', 'way'],
  usage: ['domain', 'store'],
  calls: ['domain', 'store'],
  webhooks: ['domain', 'store'],
  admin: ['domain', 'envelope', 'endpoints'],
  config: ['domain'],
  cli: ['domain', 'store', 'keys', 'limits', 'egress', 'calls', 'config', 'gateway'],
  gateway: [
    ...['domain', 'store', 'keys', 'limits', 'egress', 'input', 'envelope', 'endpoints'],
    ...['way', 'describe', 'mcp', 'http', 'usage', 'calls', 'webhooks', 'admin', 'config'],
  ],
};

/** Packages with one home each. */
const HOMES: Readonly<Record<string, RegExp>> = {
  undici: /^egress\//,
  'https-proxy-agent': /^(egress|cli)\//,
  // The two doors, callers' and operators'; whatever else names it would drag HTTP into the way.
  fastify: /^(http|admin)\//,
  '@fastify/rate-limit': /^http\//,
  '@scalar/fastify-api-reference': /^http\//,
  'node:sqlite': /^store\/|-sqlite\.ts$/,
  ioredis: /^store\/|-redis\.ts$/,
  pino: /^log\.ts$/,
  'prom-client': /^admin\/metrics\//,
  '@opentelemetry/api': /^admin\//,
  uplot: /^admin\/dashboard\/page\//,
  '@modelcontextprotocol/sdk': /^mcp\//,
  '@modelcontextprotocol/server': /^mcp\//,
};

interface Import {
  readonly from: string;
  /** A file of `src`, a package, or the text of an expression that only a run could tell. */
  readonly to: string;
}

/** Everything that leads from a file to another: imports, re-exports, `import()` and types by `import('…')`. */
function importsOf(file: string, text: string): Import[] {
  const { module, program } = parseSync(file, text);
  const reexported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest == null ? [] : [moduleRequest.value])),
  );
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
    const written = text.slice(start, end);
    return /^(['"])(.*)\1$/.exec(written)?.[2] ?? `(${written})`;
  });
  const found = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...reexported,
    ...dynamic,
    ...typeImportsIn(program),
  ];
  return [...new Set(found)].map((to) => ({
    from: file,
    to: to.startsWith('.') ? join(dirname(file), to) : to,
  }));
}

function typeImportsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { type, source } = node as { type?: string; source?: { value?: string } };
  const own = type === 'TSImportType' && typeof source?.value === 'string' ? [source.value] : [];
  return [...own, ...Object.values(node).flatMap(typeImportsIn)];
}

function roomOf(file: string): string {
  if (file.includes('/')) return file.split('/')[0] ?? '';
  return file === 'way.ts' || file === 'config.ts' ? file.replace('.ts', '') : 'gateway';
}

function faultOf({ from, to }: Import): string | null {
  if (!/\.ts$|^admin\/dashboard\/page\/.*\.js$/.test(to)) {
    if (!/^[@a-z][\w@:./-]*$|^(\.\.\/)+package\.json$/.test(to))
      return `${from} imports ${to}, which nobody can read`;
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

/** Names that a file says for others: types and functions. */
function namesSaidBy(file: string, text: string): Named[] {
  const { program } = parseSync(file, text);
  return program.body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || node.declaration === null) return [];
    const { declaration } = node;
    const ids =
      declaration.type === 'VariableDeclaration'
        ? declaration.declarations.map(({ id }) => id)
        : [declaration.id];
    return ids.flatMap((id) => (id !== null && 'name' in id ? [{ name: String(id.name), file }] : []));
  });
}

interface Named {
  readonly name: string;
  readonly file: string;
}

/** Said in several rooms with one meaning. */
const ONE_MEANING: readonly string[] = [
  'Visit',
  'visitOf',
  'serveHealth',
  'main',
  'giveBack',
  'hold',
  'take',
];

/** Names that are said twice. */
function twiceIn(named: readonly Named[]): string[] {
  const files = Map.groupBy(named, ({ name }) => name);
  return [...files].filter(([, said]) => said.length > 1).map(([name]) => name);
}

const src = join(import.meta.dirname, '../src');
const imports = globSync('**/*.{ts,js}', { cwd: src }).flatMap((file) =>
  importsOf(file, readFileSync(join(src, file), 'utf8')),
);

describe('imports', () => {
  it('are found', () => expect(imports.length).toBeGreaterThan(100));
  it('go down, never sideways, and packages stay in their homes', () =>
    expect(imports.map(faultOf).filter(Boolean)).toEqual([]));
  it('have no circle', () => expect(circleIn(imports)).toBeNull());
});

describe('a name', () => {
  const named = globSync('**/*.ts', { cwd: src }).flatMap((file) =>
    namesSaidBy(file, readFileSync(join(src, file), 'utf8')),
  );
  it('has one meaning', () => {
    expect(twiceIn(named).filter((name) => !ONE_MEANING.includes(name))).toEqual([]);
  });
  it('is excused only while it must be', () => {
    const twice = twiceIn(named);
    expect(ONE_MEANING.filter((name) => !twice.includes(name))).toEqual([]);
  });
  it('said twice is found', () => {
    const planted = ['a.ts', 'b.ts'].flatMap((file) =>
      namesSaidBy(
        file,
        'export interface X {}\nexport const y = 1, z = 2;\nexport function f() {}\nconst own = 1;',
      ),
    );
    expect(twiceIn(planted)).toEqual(['X', 'y', 'z', 'f']);
  });
});

describe('a planted fault is found', () => {
  it.each([
    ['keys/key.ts', "import { x } from '../limits/period.ts';"],
    ['domain/plan.ts', "import { x } from '../keys/key.ts';"],
    ['limits/period.ts', "import { Agent } from 'undici';"],
    ['endpoints/table.ts', "export { x } from '../egress/exit.ts';"],
    ['endpoints/table.ts', "export * from '../egress/exit.ts';"],
    ['endpoints/table.ts', "export * as x from '../egress/exit.ts';"],
    ['envelope/page.ts', "const x = await import('../endpoints/table.ts');"],
    ['envelope/page.ts', "const load = () => import('ioredis');"],
    ['envelope/page.ts', 'const load = (name: string) => import(name);'],
    ['domain/log.ts', "export type X = import('../store/redis.ts').Redis;"],
    ['admin/door.ts', "import type { Pool } from '../egress/exits/pool.ts';"],
    ['admin/door.ts', "export type { Meter } from '../limits/meter.ts';"],
    ['describe/llms.ts', "import { x } from '../mcp/mcp.ts';"],
    ['mcp/mcp.ts', "import { x } from '../describe/openapi.ts';"],
    ['describe/pages.ts', "import type { FastifyInstance } from 'fastify';"],
    ['house.ts', "import type { FastifyInstance } from 'fastify';"],
    ['limits/period.ts', "import rateLimit from '@fastify/rate-limit';"],
    ['way.ts', "import { server } from './http/server.ts';"],
    ['admin/door.ts', "import uPlot from 'uplot';"],
    ['http/server.ts', "import { el } from '../admin/dashboard/page/text.js';"],
  ])('%s: %s', (file, text) => {
    expect(importsOf(file, text).map(faultOf).filter(Boolean)).toHaveLength(1);
  });

  it('a circle', () => {
    const planted = [...importsOf('a/x.ts', "import './y.ts'"), ...importsOf('a/y.ts', "import './x.ts'")];
    expect(circleIn(planted)).toEqual(['a/x.ts', 'a/y.ts', 'a/x.ts']);
  });
});
