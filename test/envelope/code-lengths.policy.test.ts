import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BitWalk } from '../../src/envelope/bit-walk.ts';
import { readLengths } from '../../src/envelope/code-lengths.ts';
import { bitsIn, codesOf, completeLengths } from './codes.ts';

/** RFC 1951, 3.2.7. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** The lengths of both codes of a block. */
const MOST = 288 + 32;
const RUNS = { 16: { from: 3, bits: 2 }, 17: { from: 3, bits: 3 }, 18: { from: 11, bits: 7 } } as const;

/** A symbol of the code of lengths; `more` is what stands behind it where it is a run. */
interface Token {
  readonly symbol: number;
  readonly more: number;
}
const runOf = (symbol: number) => RUNS[symbol as keyof typeof RUNS] as (typeof RUNS)[16] | undefined;
const timesOf = ({ symbol, more }: Token) => {
  const run = runOf(symbol);
  return run === undefined ? 1 : run.from + (more % (1 << run.bits));
};

/** What tokens stand for. */
function lengthsOf(tokens: readonly Token[]): number[] {
  const lengths: number[] = [];
  for (const token of tokens) {
    const { symbol } = token;
    const length = symbol < 16 ? symbol : symbol === 16 ? lengths.at(-1) : 0;
    lengths.push(...new Array<number>(timesOf(token)).fill(length ?? Number.NaN));
  }
  return lengths;
}

/** A code in which some symbols have a length of at most seven bits, told up to the last that has one. */
const codes = completeLengths
  .filter((lengths) => lengths.length <= 19 && Math.max(...lengths) <= 7)
  .map((told) => {
    const last = told.findLastIndex((bits) => bits > 0);
    const shown = told.slice(0, Math.max(4, last + 1));
    const bySymbol = new Array<number>(19).fill(0);
    for (const [i, bits] of shown.entries()) bySymbol[ORDER[i] ?? 0] = bits;
    return { told: shown, words: new Map([...codesOf(bySymbol)].map(([word, symbol]) => [symbol, word])) };
  });
const tokensOf = (symbols: readonly number[]) =>
  fc
    .array(fc.record({ symbol: fc.constantFrom(...symbols), more: fc.nat(127) }), {
      minLength: 1,
      maxLength: 12,
    })
    .filter((tokens) => lengthsOf(tokens).length <= MOST);
const messages = codes.chain(({ told, words }) =>
  tokensOf([...words.keys()]).map((tokens) => ({ told, words, tokens })),
);

/** The bits of a message as bytes, and zeros behind them. */
function read(text: string, told: number, count: number): number[] | null {
  const bytes = Buffer.alloc(text.length / 8 + 40);
  for (const [i, bit] of [...text].entries())
    if (bit === '1') bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  const walk = new BitWalk(bytes, 0, (bytes.length - 8) * 8);
  const lengths = readLengths(walk, told, count);
  return lengths === null ? null : [...lengths, walk.bit];
}

it('tokens are the lengths they stand for; what goes too far, or repeats nothing, is none', () => {
  fc.assert(
    fc.property(messages, ({ told, words, tokens }) => {
      const head = told.map((bits) => bitsIn(bits, 3)).join('');
      const body = tokens.map(
        ({ symbol, more }) => `${words.get(symbol)}${bitsIn(more, runOf(symbol)?.bits ?? 0)}`,
      );
      const text = head + body.join('');
      const lengths = lengthsOf(tokens);
      const isRight = tokens[0]?.symbol !== 16;
      expect(read(text, told.length, lengths.length)).toEqual(isRight ? [...lengths, text.length] : null);
      const [last] = tokens.slice(-1);
      if (isRight && last !== undefined && timesOf(last) > 1)
        expect(read(text, told.length, lengths.length - 1)).toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

it.each([
  ['no code', [0, 0, 0, 0]],
  ['one of one symbol', [0, 0, 0, 1]],
  ['more codes than fit', [1, 1, 1, 0]],
])('lengths under %s are none', (_what, told) => {
  expect(read(told.map((bits) => bitsIn(bits, 3)).join(''), told.length, 4)).toBeNull();
});
