import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Names, ProxyTerms } from './proxy-terms.ts';

/** Made anew by each process, so that what is derived from a password tells nothing outside of it. */
const PROCESS_KEY = randomBytes(32);

/** What a proxy is known by, without its password: scheme, host, port and user. */
export function identityOf({ rotating, scheme, host, port, user }: ProxyTerms): unknown[] {
  return [rotating ? `rotating+${scheme}` : scheme, host, port, user.text];
}

/** The names of `terms`, the `nth` of one list with this identity (two templates may differ in the password alone). */
export function namesOf(terms: ProxyTerms, nth: number): Names {
  const tail = nth === 1 ? '' : `~${nth}`;
  return {
    id: digestOf([...identityOf(terms), null]) + tail,
    label: labelOf(terms) + tail,
    credential: terms.hasCredentials ? credentialOf(terms) : null,
    terms: terms.terms,
  };
}

function labelOf(terms: ProxyTerms): string {
  const { rotating, scheme, host, port, user, hasCredentials } = terms;
  const name = host.includes(':') ? `[${host}]` : host;
  const address = `${rotating ? 'rotating+' : ''}${scheme}://${name}:${port}`;
  return hasCredentials ? `${address}/${digestOf([user.text]).slice(0, 6)}` : address;
}

function credentialOf({ host, user, pass }: ProxyTerms): string {
  return createHmac('sha256', PROCESS_KEY)
    .update(JSON.stringify([host, user.text, pass.text]))
    .digest('hex');
}

export function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}
