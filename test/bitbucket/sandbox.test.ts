import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAILURES, type FailureName } from '../../src/domain/failure.ts';
import { type Program, startProgram } from '../http/program.ts';

const root = join(import.meta.dirname, '../..');
const LIMIT_MS = 60_000;
const PATH = '/bitbucket-api/v1/repo/tags?repo=acme/big';

describe('the sandbox', () => {
  let sandbox: ChildProcess;
  let screen = '';
  const found = (what: RegExp) => what.exec(screen)?.[1] ?? '';
  beforeAll(async () => {
    sandbox = spawn(process.execPath, ['test/bitbucket/sandbox.ts'], {
      cwd: root,
      env: { ...process.env, PORT: '0', ADMIN_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      sandbox.stdout?.on('data', (part) => {
        screen += part;
        if (screen.includes('MCP:')) resolve();
      });
      sandbox.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    });
  }, LIMIT_MS);
  afterAll(async () => {
    sandbox.removeAllListeners('exit');
    sandbox.kill('SIGTERM');
    await once(sandbox, 'exit');
  });

  const ask = (fault?: string, key = found(/^Key: (\S+)/m)) =>
    fetch(found(/^Docs: (\S+)\/bitbucket-api/m) + PATH, {
      headers: { 'x-oanor-key': key, ...(fault === undefined ? {} : { 'x-sandbox-fault': fault }) },
    });
  const leftOf = (response: Response) => Number(response.headers.get('x-quota-remaining'));

  it('says what to try, and every fault by name', () => {
    expect(screen.match(/^curl -H "x-oanor-key: \S+" "http:\/\/localhost:\d+\S+"$/gm)).toHaveLength(3);
    for (const fault of ['502', 'exits_exhausted', 'slow=SECONDS', 'cut', 'reset'])
      expect(screen).toContain(fault);
  });

  it.each([
    ['429', 'rate_exceeded'],
    ['500', 'internal'],
    ['502', 'upstream_failed'],
    ['503', 'exits_exhausted'],
    ['504', 'upstream_timeout'],
    ['quota_exhausted', 'quota_exhausted'],
    ['store_unavailable', 'store_unavailable'],
    ['overloaded', 'overloaded'],
    ['draining', 'draining'],
  ] as const satisfies [string, FailureName][])(
    '%s is the gateway’s own refusal, free of charge',
    async (fault, code) => {
      const before = leftOf(await ask());
      const refused = await ask(fault);
      const { meta, success } = (await refused.json()) as { meta: { code: string }; success: boolean };
      expect([refused.status, meta.code, success]).toEqual([FAILURES[code].status, code, false]);
      expect(refused.headers.get('link')).toContain(`/docs/errors/${code}.md`);
      expect(refused.headers.has('retry-after')).toBe([429, 503].includes(refused.status));
      expect(leftOf(refused)).toBe(code === 'quota_exhausted' ? 0 : before);
      expect(refused.headers.get('x-ratelimit-remaining') === '0').toBe(code === 'rate_exceeded');
      expect(leftOf(await ask())).toBe(before - 1);
    },
  );

  it('slow is the whole answer, a tenth at a time', async () => {
    const plain = await ask();
    const slow = await ask('slow=1');
    let pieces = 0;
    let bytes = 0;
    for await (const piece of slow.body ?? []) {
      pieces += 1;
      bytes += piece.length;
    }
    expect([slow.status, bytes]).toEqual([200, (await plain.arrayBuffer()).byteLength]);
    expect(pieces).toBeGreaterThan(5);
  });

  it('cut ends in the middle of the body, reset before the headers', async () => {
    const cut = await ask('cut');
    expect(cut.status).toBe(200);
    await expect(cut.text()).rejects.toThrow('terminated');
    await expect(ask('reset')).rejects.toThrow('fetch failed');
  });

  it('tells what there is when the fault is unknown, and judges the key before it', async () => {
    const unknown = await ask('slow=61');
    expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('slow=SECONDS')]);
    expect((await ask('502', 'oanor_live_wrong')).status).toBe(401);
  });

  it('agents meet it too', async () => {
    const response = await fetch(found(/"url": "([^"]+)"/), {
      method: 'POST',
      headers: {
        'x-oanor-key': found(/^Key: (\S+)/m),
        'x-sandbox-fault': '502',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'getMeta', arguments: {} },
      }),
    });
    expect(await response.text()).toContain('upstream_failed');
  });
});

describe('a gateway in production', () => {
  let program: Program;
  beforeAll(async () => {
    program = await startProgram({ NODE_ENV: 'production' });
  }, LIMIT_MS);
  afterAll(() => program.close());

  it.each(['429', '502', 'draining', 'slow', 'cut', 'reset', 'unknown'])(
    'takes no notice of %s',
    async (fault) => {
      const ask = async (headers: Record<string, string>) => {
        const url = `http://127.0.0.1:${program.port}${PATH}`;
        const response = await fetch(url, { headers: { 'x-oanor-key': program.key, ...headers } });
        const { data } = (await response.json()) as { data: object };
        return [response.status, [...response.headers.keys()], data];
      };
      expect(await ask({ 'x-sandbox-fault': fault })).toEqual(await ask({}));
    },
  );

  it('has no file that knows the word, and is started and shipped from those files alone', () => {
    const read = (file: string) => readFileSync(join(root, file), 'utf8');
    const files = globSync('src/**', { cwd: root, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => /sandbox/i.test(readFileSync(file, 'utf8')))).toEqual([]);
    expect(JSON.parse(read('package.json')).scripts.start).toBe('node src/main.ts');
    expect(read('.dockerignore').match(/^!.*$/gm)).toEqual(['!package.json', '!package-lock.json', '!src']);
  });
});
