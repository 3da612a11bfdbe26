import { NO_TERMS, type SourceTerms } from '../../domain/traffic.ts';

/** An entry without what stands before it, and what that says. */
export interface WithTerms {
  readonly terms: SourceTerms;
  readonly rest: string;
}

const OPTION = /^([a-z]+)=([^+@:/\s]*)\+/i;
const NUMBER = /^\d{1,9}(?:\.\d{1,6})?$/;
const URL_BEHIND = /^(?:rotating\+)?(?:https?|socks5h?):\/\//i;
const FAULT = 'before an entry stand price=4.5+ and gb=50+, each at most once, with a number above 0 for gb';

/**
 * Reads `price=NUMBER+` and `gb=NUMBER+` before an entry. A vendor's user may look like an option, so that what cannot be
 * one is at fault only before a URL, and part of the entry else.
 */
export function splitTerms(text: string): WithTerms | { readonly fault: string } {
  const found = new Map<string, string>();
  let rest = text;
  for (let option = OPTION.exec(rest); option !== null; option = OPTION.exec(rest)) {
    const [whole, name = '', value = ''] = option;
    found.set(found.has(name.toLowerCase()) ? `${name}again` : name.toLowerCase(), value);
    rest = rest.slice(whole.length);
  }
  if (found.size === 0) return { terms: NO_TERMS, rest: text };
  const { price, gb, ...others } = Object.fromEntries(found);
  const isMeant =
    Object.keys(others).length === 0 && [price, gb].every(isNumberOrNone) && Number(gb ?? 1) > 0;
  if (isMeant) return { terms: { pricePerGb: numberOf(price), gbPerMonth: numberOf(gb) }, rest };
  return URL_BEHIND.test(rest) ? { fault: FAULT } : { terms: NO_TERMS, rest: text };
}

const isNumberOrNone = (text: string | undefined) => text === undefined || NUMBER.test(text);
const numberOf = (text: string | undefined) => (text === undefined ? null : Number(text));
