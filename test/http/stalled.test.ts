import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Program, startProgram } from './program.ts';
import { open } from './raw.ts';

const READERS = 200;
const PAGE = JSON.stringify({ values: ['x'.repeat(4_000_000)] });
const MB = 1 << 20;
const LIMIT_MS = 180_000;

let program: Program;
let readers: Socket[] = [];
afterEach(async () => {
  for (const socket of readers) socket.destroy();
  await program.close();
});

const descriptors = () => readdirSync(`/proc/${program.process.pid}/fd`).length;

/** What the process holds when its garbage is thrown away, bytes. */
async function memory(): Promise<{ readonly held: number; readonly rss: number }> {
  const told = () => program.output().match(/\{"held":\d+,"rss":\d+\}/g) ?? [];
  const before = told().length;
  program.process.kill('SIGUSR2');
  await expect.poll(() => told().length, { timeout: 20_000 }).toBe(before + 1);
  return JSON.parse(told().at(-1) ?? '');
}

/** A call of an account that has nothing to do with the readers. */
async function callBeside(): Promise<number> {
  const url = `http://127.0.0.1:${program.port}/bitbucket-api/v1/repo?repo=acme/big`;
  const response = await fetch(url, { headers: { 'x-oanor-key': program.keyBeside, connection: 'close' } });
  await response.arrayBuffer();
  return response.status;
}

/** Callers from eight addresses who ask for 4 MB each and read none of it. */
async function stall(): Promise<Socket[]> {
  const sockets = await Promise.all(
    Array.from({ length: READERS }, (_, i) => open(program.port, `127.0.0.${2 + (i % 8)}`)),
  );
  const ask = `GET /bitbucket-api/v1/repo/branches?repo=acme/big HTTP/1.1\r\nhost: x\r\nx-oanor-key: ${program.key}\r\nconnection: close\r\n\r\n`;
  for (const socket of sockets) socket.write(ask);
  return sockets;
}

it(
  '200 stalled readers of 4 MB: what they take is bounded, calls beside them are served, descriptors and memory return',
  async () => {
    const preload = pathToFileURL(join(import.meta.dirname, 'memory-on-signal.ts'));
    program = await startProgram({ NODE_OPTIONS: `--expose-gc --import ${preload}` });
    program.standIn.fault(
      '/branches',
      (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(PAGE),
      READERS,
    );
    for (let i = 0; i < 20; i += 1) expect(await callBeside()).toBe(200);
    const before = { descriptors: descriptors(), ...(await memory()) };

    readers = await stall();
    await expect.poll(() => descriptors() - before.descriptors, { timeout: 20_000 }).toBeGreaterThan(150);
    for (let i = 0; i < 10; i += 1) expect(await callBeside()).toBe(200);
    const during = await memory();
    // MAX_BYTES_IN_FLIGHT is 128 MB, of which one account has half; all of it would be 800 MB.
    expect(during.held - before.held).toBeLessThan(128 * MB);

    const left = () => descriptors() - before.descriptors;
    await expect.poll(left, { timeout: 120_000, interval: 500 }).toBeLessThanOrEqual(8);
    // What was thrown away is swept beside the program's work.
    const grown = async () => (await memory()).held - before.held;
    await expect.poll(grown, { timeout: 30_000, interval: 500 }).toBeLessThan(16 * MB);
    const after = await memory();
    // The allocator keeps pages that were freed, for the next crowd; they were never more than the budget and some.
    expect(Math.max(during.rss, after.rss) - before.rss).toBeLessThan(256 * MB);
    expect(await callBeside()).toBe(200);
  },
  LIMIT_MS,
);
