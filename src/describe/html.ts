import { hash } from 'node:crypto';

/** A page and the policy that lets it do no more than it must. */
export interface HtmlPage {
  readonly html: string;
  /** `Content-Security-Policy`. */
  readonly policy: string;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** A text of the table, which marks what is code with backticks. */
export const inlineHtml = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** How a policy names a script or a style that stands in the page. */
export const sourceHashOf = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`;

/** Nothing is allowed but what `directives` name; no other page may lead this one's forms or base astray. */
export const policyOf = (directives: Readonly<Record<string, string>>): string =>
  Object.entries({ 'default-src': "'none'", 'base-uri': "'none'", 'form-action': "'none'", ...directives })
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
