import { Failure } from '../../domain/failure.ts';
import type { UpstreamHead } from '../../domain/upstream.ts';
import { startOf } from './body.ts';
import { encodingOf } from './encoding.ts';

const MAX_WORDS = 500;

/** An answer of Bitbucket, whole or its start. */
export interface Answered extends UpstreamHead {
  readonly wire: readonly Buffer[];
}

/**
 * An answer from 400 to 499 (408 and 429 aside) in our words and Bitbucket's. Its bodies come as JSON with and
 * without `type`, as plain text and as HTML; look at the content type before parsing, on every status.
 */
export function refusalOf(answer: Answered): Failure {
  const words = wordsOf(answer);
  const options = requestIdOf(answer);
  switch (answer.status) {
    case 400:
      return new Failure(
        'upstream_rejected',
        `Bitbucket refused the request: ${words ?? 'it gave no reason.'}`,
        options,
      );
    case 401:
    case 404:
      return new Failure(
        'upstream_not_found',
        `${words ?? 'Bitbucket has nothing there.'} (A private repository looks the same as a missing one.)`,
        options,
      );
    case 403:
      return new Failure(
        'upstream_forbidden',
        `${words ?? 'Bitbucket does not show this to anonymous readers.'} (The workspace is private or deactivated.)`,
        options,
      );
    case 410:
      return new Failure('upstream_gone', words ?? 'Bitbucket has removed this for good.', options);
    default:
      return new Failure(
        'upstream_failed',
        `Bitbucket answered with an unexpected status ${answer.status}.`,
        options,
      );
  }
}

/** What an answer says about itself for `Failure`. */
export function requestIdOf({ headers }: UpstreamHead): { upstreamRequestId?: string } {
  const id = headers['x-request-id'];
  return id === undefined ? {} : { upstreamRequestId: id };
}

/** The start of an answer's text, however long it is. */
export function textOf({ headers, wire }: Answered): string {
  return startOf(wire, encodingOf(headers['content-encoding'])).toString();
}

/** Bitbucket's own words; undefined where it has none that a person would want. */
function wordsOf(answer: Answered): string | undefined {
  const type = answer.headers['content-type'] ?? '';
  if (/json/i.test(type)) return fromJson(textOf(answer));
  return /^text\/plain/i.test(type) ? clean(textOf(answer)) : undefined;
}

function fromJson(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return clean(error);
    if (typeof error !== 'object' || error === null) return undefined;
    const { message, detail, fields } = error as Record<string, unknown>;
    const parts = [message, detail, fieldsOf(fields)];
    return clean(parts.filter((part) => typeof part === 'string').join(' '));
  } catch {
    return undefined;
  }
}

function fieldsOf(fields: unknown): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  return Object.entries(fields)
    .map(([name, words]) => `${name}: ${Array.isArray(words) ? words.join(' ') : String(words)}`)
    .join('; ');
}

function clean(text: string): string | undefined {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, MAX_WORDS);
}
