import type { Json } from './objects.ts';

/** A refusal in Bitbucket's shape. */
export class Refusal extends Error {
  readonly status: number;
  readonly data: Json | undefined;
  constructor(status: number, message: string, data?: Json) {
    super(message);
    this.status = status;
    this.data = data;
  }
}

const NEXT_HOST = 'https://api.bitbucket.org/2.0';

export interface Listing {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly values: readonly Json[];
  readonly maxPagelen: number;
  readonly defaultPagelen: number;
}

export function pagelenOf({ query, maxPagelen, defaultPagelen }: Listing): number {
  const text = query.get('pagelen');
  if (text === null) return defaultPagelen;
  const pagelen = Number(text);
  if (!/^\d+$/.test(text) || pagelen < 1 || pagelen > maxPagelen) throw new Refusal(400, 'Invalid pagelen');
  return pagelen;
}

/** Numbered pages: `page`, `size`, `next`, and `previous` from page 2. */
export function numericPage(listing: Listing): Json {
  const pagelen = pagelenOf(listing);
  const text = listing.query.get('page') ?? '1';
  if (!/^[1-9]\d*$/.test(text)) throw new Refusal(400, 'Invalid page');
  const page = Number(text);
  const { values } = listing;
  const url = (number: number) => urlWith(listing, { page: String(number) });
  return {
    ...(page * pagelen < values.length ? { next: url(page + 1) } : {}),
    page,
    ...(page > 1 ? { previous: url(page - 1) } : {}),
    size: values.length,
    values: values.slice((page - 1) * pagelen, page * pagelen),
    pagelen,
  };
}

/** Pages of commits: a number that means nothing without the `ctx` that page 1 named. */
export function ctxPage(listing: Listing, ctx: string): Json {
  const pagelen = pagelenOf(listing);
  const text = listing.query.get('page') ?? '1';
  const given = listing.query.get('ctx');
  const page = Number(text);
  if (!/^[1-9]\d*$/.test(text) || (page > 1 && given !== ctx)) throw new Refusal(400, 'Invalid page');
  const next = `${NEXT_HOST}${listing.path}?pagelen=${pagelen}&page=${page + 1}&ctx=${ctx}`;
  const { values } = listing;
  return {
    ...(page * pagelen < values.length ? { next } : {}),
    values: values.slice((page - 1) * pagelen, page * pagelen),
    pagelen,
  };
}

/** Pages of a directory: an opaque token. */
export function tokenPage(listing: Listing, tokenOf: (offset: number) => string): Json {
  const pagelen = pagelenOf(listing);
  const { values } = listing;
  const token = listing.query.get('page');
  const offsets = Array.from({ length: values.length + 1 }, (_, i) => i);
  const offset = token === null ? 0 : offsets.find((candidate) => tokenOf(candidate) === token);
  if (offset === undefined) throw new Refusal(400, 'Invalid page');
  const end = offset + pagelen;
  return {
    pagelen,
    values: values.slice(offset, end),
    page: Math.floor(offset / pagelen) + 1,
    ...(end < values.length ? { next: urlWith(listing, { page: tokenOf(end) }) } : {}),
  };
}

/** What came in, in its order, with the cursor at the end. */
function urlWith({ path, query }: Listing, cursor: Readonly<Record<string, string>>): string {
  const pairs = [...query].filter(([name]) => !(name in cursor)).concat(Object.entries(cursor));
  return `${NEXT_HOST}${path}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}

/** `sort`: one field, dots lead into objects, `-` for descending. */
export function sorted(values: readonly Json[], sort: string | null): readonly Json[] {
  if (sort === null) return values;
  const fields = sort.replace(/^-/, '').split('.');
  const sign = sort.startsWith('-') ? -1 : 1;
  const keyOf = (value: Json) =>
    String(fields.reduce<unknown>((inner, field) => (inner as Json | undefined)?.[field], value));
  return [...values].sort((a, b) => sign * keyOf(a).localeCompare(keyOf(b), 'en', { numeric: true }));
}

/** As much of BBQL as the tests ask: comparisons of one field with a string, joined by AND and OR, in brackets. */
export function filtered(values: readonly Json[], q: string | null): readonly Json[] {
  if (q === null) return values;
  const tokens = q.match(/"(?:[^"\\]|\\.)*"|[()]|!?[=~]|[^\s()=~!"]+/g) ?? [];
  let at = 0;
  const wrong = () =>
    new Refusal(
      400,
      `Invalid filter query expression: Syntax error in input at '${tokens[at] ?? 'end'}' line 1 col ${at + 1}`,
    );
  const next = () => {
    const token = tokens[at];
    if (token === undefined) throw wrong();
    at += 1;
    return token;
  };
  type Test = (value: Json) => boolean;
  const any = (): Test => {
    let test = all();
    while (tokens[at]?.toUpperCase() === 'OR') {
      at += 1;
      const [left, right] = [test, all()];
      test = (value) => left(value) || right(value);
    }
    return test;
  };
  const all = (): Test => {
    let test = one();
    while (tokens[at]?.toUpperCase() === 'AND') {
      at += 1;
      const [left, right] = [test, one()];
      test = (value) => left(value) && right(value);
    }
    return test;
  };
  const one = (): Test => {
    if (tokens[at] === '(') {
      at += 1;
      const test = any();
      if (next() !== ')') throw wrong();
      return test;
    }
    const field = next();
    const operator = next();
    const text = next();
    if (!/^!?[=~]$/.test(operator) || !text.startsWith('"')) throw wrong();
    const wanted = JSON.parse(text) as string;
    const holds = (value: Json) => {
      const actual = String(value[field] ?? '');
      return operator.endsWith('=') ? actual === wanted : actual.toLowerCase().includes(wanted.toLowerCase());
    };
    return operator.startsWith('!') ? (value) => !holds(value) : holds;
  };
  const test = any();
  if (at < tokens.length) throw wrong();
  return values.filter(test);
}
