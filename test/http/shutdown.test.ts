import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Program, startProgram } from './program.ts';
import { answersIn, open } from './raw.ts';

const PAGE_BYTES = 4_000_000;
const PATH = '/bitbucket-api/v1/repo/branches?repo=acme/big';
const LIMIT_MS = 60_000;

let program: Program;
afterEach(() => program.close());

/** One call over a connection of its own; everything it is sent, and how its connection ended. */
async function call(path = PATH, read: 'at once' | 'slowly' = 'at once') {
  const socket = await open(program.port);
  let text = '';
  socket.setEncoding('latin1');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-oanor-key: ${program.key}\r\n\r\n`);
  socket.on('data', (chunk) => {
    text += chunk;
    if (read === 'at once') return;
    socket.pause();
    setTimeout(() => socket.resume(), 15);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, closed, text: () => text, answers: () => answersIn(text) };
}

interface Held {
  /** How many are waiting for an answer. */
  waiting(): number;
  /** Answers those and all that come later, with a page of so many bytes. */
  release(bytes?: number): void;
}

/** The stand-in keeps `times` requests waiting until it is told to answer. */
function holdBack(times: number): Held {
  let bytes: number | null = null;
  let held: ServerResponse[] = [];
  const answerAll = () => {
    if (bytes === null) return;
    const page = JSON.stringify({ values: ['x'.repeat(bytes)] });
    for (const response of held) response.writeHead(200, { 'content-type': 'application/json' }).end(page);
    held = [];
  };
  program.standIn.fault(
    '/branches',
    (_request, response) => {
      held.push(response);
      answerAll();
    },
    times,
  );
  return {
    waiting: () => held.length,
    release: (size = 10) => {
      bytes = size;
      answerAll();
    },
  };
}

/** By its own clock: from the last line `what`, an answer's that has left unless said otherwise, to the end, ms. */
function lingeredMs(what = 'call'): number {
  const lines = program
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly msg: string; readonly time: string });
  const lastAt = (message: string) => lines.findLast(({ msg }) => msg.startsWith(message))?.time ?? '';
  return Date.parse(lastAt('closed')) - Date.parse(lastAt(what));
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 25_000 }).toBe(true);
const isWhole = (text: string) => {
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1]);
  return text.length - text.indexOf('\r\n\r\n') - 4 === length;
};

describe('SIGTERM', () => {
  beforeEach(async () => {
    program = await startProgram({ CALL_DEADLINE_MS: '20000' });
  });

  it(
    'with 50 calls under way, 30 slow readers and kept-alive clients: nothing is cut, all is charged, and it is gone at once then',
    async () => {
      const big = holdBack(30);
      const readers = await Promise.all(Array.from({ length: 30 }, () => call(PATH, 'slowly')));
      await until(() => big.waiting() === 30);
      big.release(PAGE_BYTES);
      await until(() => readers.every(({ text }) => text() !== ''));
      const small = holdBack(50);
      const calls = await Promise.all(Array.from({ length: 50 }, () => call()));
      const idle = await Promise.all(Array.from({ length: 5 }, () => call('/bitbucket-api/v1/meta')));
      await until(() => small.waiting() >= 32 && idle.every(({ text }) => isWhole(text())));

      program.process.kill('SIGTERM');
      await wait(300);
      program.process.kill('SIGTERM');
      program.process.kill('SIGHUP');
      const late = await call();
      await late.closed;
      expect(late.answers()[0]?.status).toBe(503);
      expect(late.text()).toMatch(/"code":"draining"/);
      expect(late.text()).toMatch(/^connection: close\r$/im);
      small.release();
      await Promise.all([...readers, ...calls].map(({ closed }) => closed));
      expect(await program.exit).toBe(0);
      expect(lingeredMs()).toBeLessThanOrEqual(1_000);

      expect(readers.filter(({ text }) => !isWhole(text()))).toEqual([]);
      expect(readers.map(({ text }) => text().slice(9, 12))).toEqual(readers.map(() => '200'));
      expect(calls.map(({ answers }) => answers()[0]?.status)).toEqual(calls.map(() => 200));
      expect(await program.used()).toBe(85);
    },
    LIMIT_MS,
  );

  it(
    'leaves at once when only kept-alive clients are there, and /readyz knew',
    async () => {
      const kept = await call('/bitbucket-api/v1/meta');
      await until(() => isWhole(kept.text()));
      program.process.kill('SIGTERM');
      expect(await program.exit).toBe(0);
      expect(lingeredMs('closing')).toBeLessThanOrEqual(1_000);
      expect(await program.used()).toBe(1);
    },
    LIMIT_MS,
  );
});

describe('what cannot end in time', () => {
  it(
    'a call without an answer at its deadline is told so and given back',
    async () => {
      program = await startProgram({ CALL_DEADLINE_MS: '3000', DRAIN_MS: '1000' });
      const held = holdBack(20);
      const calls = await Promise.all(Array.from({ length: 10 }, () => call()));
      await until(() => held.waiting() >= 5);
      program.process.kill('SIGTERM');
      await Promise.all(calls.map(({ closed }) => closed));
      expect(calls.map(({ answers }) => answers()[0]?.status)).toEqual(calls.map(() => 503));
      expect(calls.every(({ text }) => text().includes('"code":"draining"'))).toBe(true);
      expect(await program.exit).toBe(0);
      expect(await program.used()).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'an answer that stands still is cut and charged',
    async () => {
      program = await startProgram({ DRAIN_MS: '2000', CALL_DEADLINE_MS: '4000' });
      const held = holdBack(1);
      const stalled = await call();
      stalled.socket.pause();
      await until(() => held.waiting() === 1);
      held.release(7_000_000);
      await wait(1_000);
      program.process.kill('SIGTERM');
      expect(await program.exit).toBe(0);
      expect(await program.used()).toBe(1);
    },
    LIMIT_MS,
  );
});

it(
  'DRAIN_DELAY_MS: /readyz says no at once, calls are still taken, each the last of its connection, then refused',
  async () => {
    program = await startProgram({ DRAIN_DELAY_MS: '4000' });
    const held = holdBack(1);
    const last = await call();
    await until(() => held.waiting() === 1);
    const statusOf = async (path: string) => {
      const response = await fetch(`http://localhost:${program.port}${path}`, {
        headers: { 'x-oanor-key': program.key, connection: 'close' },
      });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await statusOf('/readyz')).toBe(200);
    program.process.kill('SIGTERM');
    await expect.poll(() => statusOf('/readyz'), { timeout: 3_000 }).toBe(503);
    const parting = await call('/bitbucket-api/v1/meta');
    await parting.closed;
    expect(parting.answers()[0]?.status).toBe(200);
    expect(await statusOf('/bitbucket-api/v1/meta')).toBe(200);
    await expect.poll(() => statusOf('/bitbucket-api/v1/meta'), { timeout: 10_000 }).toBe(503);
    held.release();
    await last.closed;
    expect(last.answers()[0]?.status).toBe(200);
    expect(await program.exit).toBe(0);
  },
  LIMIT_MS,
);
