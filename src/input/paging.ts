import { z } from 'zod';
import { isSendable } from './segments.ts';

/** How many values a page has. Digits alone: no sign, blank, fraction, exponent or other numeral. */
export const pagelen = (fallback: number) =>
  z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, '`pagelen` is a whole number from 1 to 100.')
    .meta({
      description: 'Values a page, 1 to 100.',
      examples: [String(fallback)],
      whole: { minimum: 1, maximum: 100 },
    })
    .default(String(fallback))
    .transform(Number);

/** The number of a page, from 1; up to far more than Bitbucket has, and safe as a double. */
const PAGE_NUMBER = /^[1-9]\d{0,8}$/;

export const isPageNumber = (text: string): boolean => PAGE_NUMBER.test(text);

export const pageNumber = z
  .string()
  .regex(PAGE_NUMBER, '`page` is a whole number from 1.')
  .meta({
    description: 'The page, from 1.',
    examples: ['1'],
    whole: { minimum: 1, maximum: 999_999_999 },
  })
  .transform(Number);

/** Bitbucket's own cursor of a list of commits: opaque, so whatever a URL can hold. */
const CTX = /^[\x21-\x7e]{1,1000}$/;

export const isCtx = (text: string): boolean => CTX.test(text);

export const ctx = z
  .string()
  .regex(CTX, '`ctx` is no cursor of Bitbucket. Take it as the page before gave it.')
  .meta({ description: "Bitbucket's cursor of this list, as the page before gave it together with `page`." });

/** Where a directory's listing goes on. */
export const treeToken = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,8000}$/, '`page` is a token here: take it as the page before gave it.')
  .meta({ description: 'The token of the next page, as the page before gave it.' });

/** A filter in BBQL; `example` one that this list understands. */
export const q = (example: string) =>
  z
    .string()
    .min(1, '`q` is empty.')
    .max(4_000, { error: '`q` is longer than 4,000 characters.', abort: true })
    .refine(isSendable, '`q` contains a control character.')
    .meta({ description: "A filter in Bitbucket's query language (BBQL).", examples: [example] });

/** A field to sort by; `example` one that this list has. */
export const sort = (example: string) =>
  z
    .string()
    .regex(
      /^-?[A-Za-z_][A-Za-z0-9_.]{0,99}$/,
      '`sort` is one field, with a `-` before it for descending order.',
    )
    .meta({ description: 'One field to sort by; `-` before it for descending.', examples: [example] });

const STATES = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'];
const STATES_MESSAGE = `\`state\` is one or several of ${STATES.join(', ')}, separated by commas.`;

export const state = z
  .string()
  .max(200, { error: STATES_MESSAGE, abort: true })
  .meta({
    description: `One or several of ${STATES.join(', ')}, separated by commas; OPEN when absent.`,
    examples: ['OPEN,MERGED'],
  })
  .transform((text) => [...new Set(text.split(',').map((word) => word.trim().toUpperCase()))])
  .refine((states) => states.every((word) => STATES.includes(word)), STATES_MESSAGE);

export const pretty = z
  .literal('1', '`pretty` is 1 or absent.')
  .meta({ description: 'White space for a reader; never another token.', examples: ['1'] })
  .transform(() => true)
  .optional();
