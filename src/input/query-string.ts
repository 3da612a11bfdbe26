export interface QueryDetail {
  readonly parameter: string;
  readonly message: string;
}

export type Query =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly details: readonly QueryDetail[] };

const MAX_PARAMETERS = 50;

/**
 * A raw query string as names and values, each name once. Stricter than `URLSearchParams`, which guesses: a broken
 * percent-encoding and a repeated name are refused by name. `+` is a blank, as forms send it.
 */
export function parseQuery(raw: string): Query {
  const values = new Map<string, string>();
  const details: QueryDetail[] = [];
  const pairs = raw.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_PARAMETERS) {
    return {
      ok: false,
      details: [{ parameter: '', message: `More than ${MAX_PARAMETERS} parameters were given.` }],
    };
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const rawName = equals < 0 ? pair : pair.slice(0, equals);
    const name = decode(rawName) ?? rawName;
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (value === null) {
      details.push({ parameter: name, message: `The percent-encoding of \`${shorten(name)}\` is broken.` });
    } else if (values.has(name)) {
      details.push({ parameter: name, message: `\`${shorten(name)}\` was given more than once.` });
    } else values.set(name, value);
  }
  return details.length === 0 ? { ok: true, values } : { ok: false, details };
}

/** A name of the caller's as a message may show it. */
export const shorten = (name: string): string => (name.length > 40 ? `${name.slice(0, 40)}…` : name);

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
