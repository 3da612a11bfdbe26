import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Once } from '../../domain/operator.ts';
import { DoorFailure } from '../failure.ts';

/** A name that a sender gives a request: what a header can hold, without blanks. */
const ONCE_NAME = /^[\x21-\x7e]{1,255}$/;

/** `given` as the schema has it. Throws `invalid_request`, naming each thing that is wrong. */
export function readGiven<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const details = result.error.issues.flatMap(detailsOf);
  const [first] = details;
  throw new DoorFailure('invalid_request', `\`${first?.parameter}\` ${first?.message}.`, { details });
}

function detailsOf(issue: z.core.$ZodIssue): { parameter: string; message: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ parameter: key, message: 'is unknown here' }));
  const parameter = issue.path.length === 0 ? 'body' : issue.path.join('.');
  return [{ parameter, message: wordOf(issue) }];
}

/** Short, in our words, and never the value. */
function wordOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_type')
    return `must be ${issue.expected === 'object' ? 'an object' : issue.expected}`;
  if (issue.code === 'invalid_union')
    return 'must be a date like 2027-01-31, or a moment like 2027-01-31T12:00:00Z';
  return issue.message.startsWith('must ') ? issue.message : lowerFirst(issue.message);
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** What `Idempotency-Key` asks for; null without one. Throws `invalid_request` for one that cannot be kept. */
export function readOnce(
  header: string | string[] | undefined,
  asked: { readonly method: string; readonly url: string; readonly body: unknown },
): Once | null {
  if (header === undefined) return null;
  if (typeof header !== 'string' || !ONCE_NAME.test(header)) {
    const message = 'must be 1 to 255 visible ASCII characters';
    throw new DoorFailure('invalid_request', `Idempotency-Key ${message}.`, {
      details: [{ parameter: 'Idempotency-Key', message }],
    });
  }
  return { name: header, fingerprint: fingerprintOf(asked.method, asked.url, asked.body) };
}

/** Of all that is asked for: the same for the same, in whatever order a body names its parts. */
function fingerprintOf(method: string, url: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, url, sorted(body)]))
    .digest('base64url');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}
