import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createBody } from '../../../src/egress/attempts/body.ts';
import { BodyTooLargeError, MAX_BODY_BYTES } from '../../../src/egress/attempts/inflate.ts';
import { refusalOf } from '../../../src/egress/attempts/refusal.ts';

const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

it('32 MB are inflated, and not a byte more, whatever the stream says of its length', () => {
  expect(createBody([gzipSync(Buffer.alloc(MAX_BODY_BYTES))], 'gzip').plain().length).toBe(MAX_BODY_BYTES);
  const liar = gzipSync(Buffer.alloc(2 * MAX_BODY_BYTES));
  liar.writeUInt32LE(10, liar.length - 4);
  expect(() => createBody([liar], 'gzip').plain()).toThrow(BodyTooLargeError);
  const bomb = brotliCompressSync(Buffer.alloc(2 * MAX_BODY_BYTES), QUICK);
  expect(() => createBody([bomb], 'br')).toThrow(BodyTooLargeError);
});

it('31 MB of error text block nobody', () => {
  const wire = [Buffer.alloc(31 * 1024 * 1024, 'a \n')];
  const before = process.cpuUsage().user;
  for (const type of ['text/plain', 'application/json'])
    refusalOf({ status: 404, headers: { 'content-type': type }, wire });
  expect(process.cpuUsage().user - before).toBeLessThan(200_000);
});
