import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLikelyLong, walkDeflate } from '../../src/envelope/deflate-walk.ts';
import { bitsIn, codesOf, completeLengths } from './codes.ts';

const END_OF_BLOCK = 256;
/** RFC 1951, 3.2.5. */
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];

/** A symbol, and what stands behind it where it is a length: extra bits, a distance, its extra bits. */
interface Token {
  readonly symbol: number;
  readonly more: number;
  readonly distance: number;
}
interface Block {
  readonly symbols: readonly number[];
  readonly distances: readonly number[];
  readonly tokens: readonly Token[];
}

const wordsOf = (lengths: readonly number[]) =>
  new Map([...codesOf(lengths)].map(([word, symbol]) => [symbol, word]));

/** The bits of a block with codes of its own; the code of their lengths is four bits for each of 0 to 15. */
function bitsOfBlock({ symbols, distances, tokens }: Block, isLast: boolean): string {
  const [words, distanceWords] = [wordsOf(symbols), wordsOf(distances)];
  const written = tokens.map(({ symbol, more, distance }) => {
    const word = words.get(symbol) ?? '';
    if (symbol <= END_OF_BLOCK) return word;
    const extra = bitsIn(more, LENGTH_EXTRA[symbol - 257] ?? 0);
    return `${word}${extra}${distanceWords.get(distance) ?? '1'}${bitsIn(more, DISTANCE_EXTRA[distance] ?? 0)}`;
  });
  return [
    isLast ? '1' : '0',
    bitsIn(2, 2),
    bitsIn(symbols.length - 257, 5),
    bitsIn(distances.length - 1, 5),
    bitsIn(19 - 4, 4),
    ...[0, 0, 0, ...new Array<number>(16).fill(4)].map((bits) => bitsIn(bits, 3)),
    ...[...symbols, ...distances].map((bits) => bits.toString(2).padStart(4, '0')),
    ...written,
    words.get(END_OF_BLOCK) ?? '',
  ].join('');
}

function bytesOf(bits: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i += 1)
    if (bits[i] === '1') bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  return bytes;
}

/** So much before all blocks that each distance leads to something. */
const BEFORE = (() => {
  const stored = deflateRawSync(Buffer.alloc(32_768), { level: 0 });
  stored[0] = 0;
  return stored;
})();

/** So much behind them that they are taken for long ones. */
const BEHIND = deflateRawSync(Buffer.alloc(3_000), { level: 0 });

/** `blocks`, the last of them or a long one behind it being the last of all. */
function streamOf(blocks: readonly Block[], isLastOfAll = true) {
  const bits = blocks.map((block, i) => bitsOfBlock(block, isLastOfAll && i === blocks.length - 1));
  // A stored block begins with three bits, then with the next byte.
  const text = bits.join('') + (isLastOfAll ? '' : '100');
  const stream = Buffer.concat([BEFORE, bytesOf(text), isLastOfAll ? Buffer.alloc(0) : BEHIND.subarray(1)]);
  const [textEnd, last] = [BEFORE.length * 8 + text.length, bits.at(-1) ?? ''];
  const end = isLastOfAll
    ? { finalBit: textEnd - last.length, endBit: textEnd }
    : { finalBit: textEnd - 3, endBit: stream.length * 8 };
  return { stream, end };
}

/** Behind the stream stands what a trailer may be: anything. */
const walked = (stream: Buffer) =>
  walkDeflate(Buffer.concat([stream, Buffer.alloc(8, 0xa5)]), 0, stream.length);

/** How many bytes zlib takes; null where it refuses. */
function taken(stream: Buffer): number | null {
  try {
    const { engine } = inflateRawSync(stream, { info: true }) as unknown as {
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten;
  } catch {
    return null;
  }
}

const spread = (lengths: readonly number[], places: readonly number[], size: number) => {
  const all = new Array<number>(size).fill(0);
  for (const [i, bits] of lengths.entries()) all[places[i] ?? 0] = bits;
  return all;
};
const usedIn = (lengths: readonly number[]) =>
  lengths.flatMap((bits, symbol) => (bits === 0 ? [] : [symbol]));

/** A whole code in which any of `size` symbols have a length, `first` for sure, and none below `from`. */
const wholeCode = (size: number, first: number, from = 0) =>
  completeLengths.chain((lengths) => {
    const whole = lengths.filter((bits) => bits > 0);
    const others = Array.from({ length: size - from }, (_, i) => from + i).filter(
      (symbol) => symbol !== first,
    );
    return fc
      .shuffledSubarray(others, { minLength: whole.length - 1, maxLength: whole.length - 1 })
      .chain((places) => fc.shuffledSubarray([first, ...places], { minLength: whole.length }))
      .map((places) => spread(whole, places, size));
  });
/** Texts, and what is nearly all lengths and distances. */
const symbolCodes = fc.oneof(wholeCode(286, END_OF_BLOCK), wholeCode(286, END_OF_BLOCK, 250));
const distanceCodes = fc.oneof(
  wholeCode(30, 29),
  fc.constant([0]),
  fc.nat(29).map((symbol) => spread([1], [symbol], 30)),
);
const tokenOf = (symbols: readonly number[], distances: readonly number[]): fc.Arbitrary<Token> =>
  fc.record({
    symbol: fc.constantFrom(...symbols),
    more: fc.nat(8_191),
    distance: fc.constantFrom(...(distances.length === 0 ? [0] : distances)),
  });
const blocks: fc.Arbitrary<Block> = fc.tuple(symbolCodes, distanceCodes).chain(([symbols, distances]) => {
  const [known, far] = [usedIn(symbols), usedIn(distances)];
  const usable = known.filter((symbol) => symbol < END_OF_BLOCK || (symbol > END_OF_BLOCK && far.length > 0));
  const nothing: fc.Arbitrary<Token[]> = fc.constant([]);
  const tokens = usable.length === 0 ? nothing : fc.array(tokenOf(usable, far), { maxLength: 60 });
  return tokens.map((tokens) => ({ symbols, distances, tokens }));
});
const streams = fc
  .tuple(fc.array(blocks, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([blocks, isLastOfAll]) => streamOf(blocks, isLastOfAll));

it('blocks of any codes, the longest too, are walked to their last bit, where zlib ends as well', () => {
  fc.assert(
    fc.property(streams, ({ stream, end }) => {
      expect(taken(stream)).toBe(stream.length);
      expect(walked(stream)).toEqual(end);
    }),
    { numRuns: 2_000 },
  );
});

it('with a bit turned or an end cut off, what zlib refuses is none, and all else ends where zlib ends', () => {
  fc.assert(
    fc.property(streams, fc.nat(), fc.nat(2), ({ stream }, at, cut) => {
      const damaged = Buffer.from(stream);
      const place = BEFORE.length + ((at >> 3) % (stream.length - BEFORE.length));
      damaged[place] = (damaged[place] ?? 0) ^ (1 << (at & 7));
      const given = damaged.subarray(0, damaged.length - cut);
      const end = walked(given);
      const zlibs = taken(given);
      // Of what zlib takes we may refuse a part: then it is inflated.
      if (end !== null) expect(zlibs).toBe(Math.ceil(end.endBit / 8));
    }),
    { numRuns: 3_000 },
  );
});

describe('a block is none', () => {
  const literals = [END_OF_BLOCK, 65, 66, 257];
  const right: Block = {
    symbols: spread([2, 2, 2, 2], literals, 286),
    distances: spread([1, 1], [0, 1], 30),
    tokens: [
      { symbol: 65, more: 0, distance: 0 },
      { symbol: 257, more: 0, distance: 1 },
    ],
  };
  const longer = (lengths: readonly number[], size: number) => [
    ...lengths,
    ...new Array<number>(size - lengths.length).fill(0),
  ];
  const walkedBlock = (block: Block) => walked(streamOf([block]).stream);

  it('unless it is right', () => expect(walkedBlock(right)).toEqual(streamOf([right]).end));

  it.each<[string, Block]>([
    ['with 287 symbols', { ...right, symbols: longer(right.symbols, 287) }],
    ['with 288 symbols', { ...right, symbols: longer(right.symbols, 288) }],
    ['with 31 distances', { ...right, distances: longer(right.distances, 31) }],
    ['with 32 distances', { ...right, distances: longer(right.distances, 32) }],
    ['that cannot end', { ...right, symbols: spread([2, 2, 2, 2], [67, 65, 66, 257], 286) }],
    ['with a code that is not whole', { ...right, symbols: spread([2, 2, 3, 3], literals, 286) }],
    ['with one symbol alone', { ...right, symbols: spread([1], [END_OF_BLOCK], 286), tokens: [] }],
    ['with distances that are not whole', { ...right, distances: spread([2, 2], [0, 1], 30) }],
    ['with a distance that has no code', { ...right, distances: [0] }],
    ['with another distance than its only one', { ...right, distances: [1] }],
  ])('%s', (_what, block) => expect(walkedBlock(block)).toBeNull());

  it('with a single distance it is one', () => {
    const block = { ...right, distances: [0, 1] };
    expect(walkedBlock(block)).toEqual(streamOf([block]).end);
  });

  it('whose eight bytes behind it are missing', () => {
    const { stream, end } = streamOf([right]);
    const behind = (bytes: number) =>
      walkDeflate(Buffer.concat([stream, Buffer.alloc(bytes)]), 0, stream.length);
    expect([behind(7), behind(8)]).toEqual([null, end]);
  });
});

it.each([
  [0, 0, 16_385, true],
  [0, 0, 16_384, false],
  [16_384, 1, 20_000, true],
  [16_383, 1, 20_000, false],
  [50_000, 3, 20_000, true],
  [50_000, 4, 20_000, false],
])('after %d bits in %d blocks and before %d, a long one: %s', (done, blocks, left, isLong) => {
  expect(isLikelyLong(done, blocks, left)).toBe(isLong);
});
