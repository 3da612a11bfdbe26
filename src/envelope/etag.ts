import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

/** Opaque tags of the caller, quotes and weakness taken off; `*` for any. */
export type Conditions = readonly string[] | '*';

/** More than a header of 16 kB could need; longer tags are none of Bitbucket's. */
const MAX_UPSTREAM_TAGS = 4;
const MAX_UPSTREAM_TAG_BYTES = 256;
const SCOPE_LENGTH = 16;

/**
 * What a tag is good for: one operation with its parameters, and whatever else decides the bytes of `data`. Two
 * scopes differ in their hash, so that a tag given for one never confirms another.
 */
export function scopeOf(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, SCOPE_LENGTH);
}

/** Our tag over what Bitbucket tagged: `W/"<scope>.<base64url of its own>"`. */
export function tagOf(scope: string, upstreamTag: string): string {
  return `W/"${scope}.${Buffer.from(upstreamTag, 'latin1').toString('base64url')}"`;
}

/** Our tag over a text that has none of Bitbucket's; it is never taken for one of theirs. */
export function tagOfText(scope: string, text: Buffer): string {
  return `W/"${scope}:${hash('sha256', text, 'base64url')}"`;
}

/**
 * `If-None-Match` (RFC 9110, 13.1.2): a list of entity tags, weak or not, or `*`. What is no tag is left out, and so
 * can only lead to a whole answer.
 */
export function readConditions(ifNoneMatch: string | undefined): Conditions {
  if (ifNoneMatch === undefined) return [];
  if (ifNoneMatch.trim() === '*') return '*';
  return [...ifNoneMatch.matchAll(ENTITY_TAGS)].map(([, opaque = '']) => opaque);
}

/** Commas may stand inside a tag, so a list is not split at them. */
const ENTITY_TAGS = /(?<=^|,)[ \t]*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/g;

/** Whether the caller has what `tag` stands for, by weak comparison. */
export function isKnown(conditions: Conditions, tag: string): boolean {
  return conditions === '*' || conditions.includes(tag.slice('W/"'.length, -1));
}

/**
 * Bitbucket's own tags among the caller's, for its `If-None-Match`: those given for `scope`, at most four, each a
 * well-formed entity tag below 256 bytes. Never `*`: that would confirm what the caller never saw.
 */
export function upstreamTagsOf(conditions: Conditions, scope: string): string[] {
  if (conditions === '*') return [];
  const tags = new Set<string>();
  for (const opaque of conditions) {
    const tag = upstreamTagIn(opaque, scope);
    if (tag !== null && tags.size < MAX_UPSTREAM_TAGS) tags.add(tag);
  }
  return [...tags];
}

function upstreamTagIn(opaque: string, scope: string): string | null {
  if (!opaque.startsWith(`${scope}.`)) return null;
  const text = opaque.slice(scope.length + 1);
  const tag = Buffer.from(text, 'base64url');
  const isOurs = tag.toString('base64url') === text && tag.length < MAX_UPSTREAM_TAG_BYTES;
  return isOurs && ENTITY_TAG.test(tag.toString('latin1')) ? tag.toString('latin1') : null;
}

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;
