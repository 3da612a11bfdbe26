import { randomFillSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBody } from '../../../src/egress/attempts/body.ts';
import { inflatedOnceChecked } from '../../../src/egress/attempts/inflate.ts';

/** A page of `bytes` compressed bytes, and the same with a wrong CRC. */
function pageOf(bytes: number) {
  const text = Buffer.from(randomFillSync(Buffer.alloc(bytes - 23)));
  const page = gzipSync(text, { level: 0 });
  expect(page.length).toBe(bytes);
  return { text, page, damaged: withCrc(page, 0) };
}

function withCrc(page: Buffer, crc: number): Buffer {
  const copy = Buffer.from(page);
  copy.writeUInt32LE(crc, page.length - 8);
  return copy;
}

function withName(page: Buffer): Buffer {
  const header = Buffer.from(page.subarray(0, 10));
  header[3] = 8;
  return Buffer.concat([header, Buffer.from('page\0'), page.subarray(10)]);
}

/** Names are told to be the same, which of different bytes SHA-256 never says: so it shows what is checked. */
const twice = (first: Buffer, second: Buffer) => {
  const name = Math.random().toString();
  inflatedOnceChecked(first, () => name);
  return inflatedOnceChecked(second, () => name);
};

const LARGE = Buffer.from(randomFillSync(Buffer.alloc(40_000)).toString('hex'));

describe('inflatedOnceChecked', () => {
  it.each([
    ['one member', [gzipSync(LARGE)]],
    ['one with a name in its header', [withName(gzipSync(LARGE))]],
    ['two members', [gzipSync(LARGE.subarray(0, 50_000)), gzipSync(LARGE.subarray(50_000))]],
    ['an empty one before it', [gzipSync(''), gzipSync(LARGE)]],
    ['an empty one behind it', [gzipSync(LARGE), gzipSync('')]],
  ])('inflates what came before to the same: %s', (_what, members) => {
    for (let times = 0; times < 3; times += 1)
      expect(createBody(members, 'gzip').plain().equals(LARGE)).toBe(true);
  });

  it('does not check again what has come before, from 2 KB on', () => {
    for (const bytes of [2_048, 50_000]) {
      const { text, page, damaged } = pageOf(bytes);
      expect(twice(page, damaged).equals(text)).toBe(true);
    }
  });

  it('inflates it into one piece of the memory that it needs', () => {
    const { page, text } = pageOf(50_000);
    expect(twice(page, page).buffer.byteLength).toBe(text.length + 1_024);
  });

  it('checks smaller ones each time, and asks for no name', () => {
    const { page, text, damaged } = pageOf(2_047);
    expect(() => twice(page, damaged)).toThrow('damaged');
    const digestOf = () => expect.unreachable();
    expect(inflatedOnceChecked(page, digestOf).equals(text)).toBe(true);
  });

  it('checks each time what is not one member with a plain header', () => {
    const { text, page, damaged } = pageOf(50_000);
    const empty = gzipSync('');
    expect(twice(withName(page), withName(page)).equals(text)).toBe(true);
    expect(() => twice(withName(page), withName(damaged))).toThrow('damaged');
    expect(twice(Buffer.concat([page, page]), Buffer.concat([page, page])).length).toBe(2 * text.length);
    expect(() => twice(Buffer.concat([empty, page]), Buffer.concat([empty, damaged]))).toThrow('damaged');
  });

  it('refuses what is damaged as often as it comes', () => {
    const { damaged } = pageOf(50_000);
    for (let times = 0; times < 2; times += 1)
      expect(() => inflatedOnceChecked(damaged, () => 'damaged')).toThrow('damaged');
  });
});
