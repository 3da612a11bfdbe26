import fc from 'fast-check';

/** Texts with everything that could be taken for JSON, their square brackets in pairs. */
const text = fc
  .array(fc.constantFrom('a', 'é', '😀', '"', '\\', '{', '}', ',', ':', '[x]', '"next":"no"', '\n', '\u2028'))
  .map((parts) => parts.join(''));
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.constantFrom(null, true, 1.5e300),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value;

/** The orders in which Bitbucket's pages have been seen to name their own keys. */
const ORDERS = [
  ['pagelen', 'values', 'page', 'next'],
  ['pagelen', 'next', 'values', 'page', 'size'],
  ['values', 'pagelen', 'size', 'page'],
  ['values', 'next'],
  ['pagelen', 'values'],
  ['size', 'pagelen', 'page', 'values'],
] as const;

const write: readonly ((page: object) => string)[] = [
  (page) => JSON.stringify(page),
  (page) => `${JSON.stringify(page, null, 4)}\n`,
  (page) => JSON.stringify(page).replaceAll('/', '\\/'),
  (page) => ` \n${JSON.stringify(page, null, 1).replace(/\n\s*/g, ' ')}`,
];

export interface WrittenPage {
  readonly page: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Pages of some kilobytes, written in every manner that was seen. */
export const pages: fc.Arbitrary<WrittenPage> = fc
  .record({
    order: fc.constantFrom(...ORDERS),
    values: fc.array(fc.dictionary(text, value, { minKeys: 1, maxKeys: 4 }), { minLength: 0, maxLength: 8 }),
    filler: fc.constantFrom(0, 5_000),
    next: fc.constantFrom('https://api.bitbucket.org/2.0/x?page=2', 'https://x/?q=[a]&c=é'),
    write: fc.constantFrom(...write),
  })
  .map(({ order, values, filler, next, write }) => {
    const own = {
      pagelen: 30,
      page: 2,
      size: 4_711,
      next,
      values: [{ filler: 'x'.repeat(filler) }, ...values],
    };
    const page = Object.fromEntries(order.map((key) => [key, own[key]]));
    return { page, text: write(page) };
  });
