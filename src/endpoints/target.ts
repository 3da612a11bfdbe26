import type { UpstreamTarget } from '../domain/upstream.ts';

type Value = string | number | readonly string[] | undefined;

/** A path under Bitbucket's API, to be finished with a query. */
interface Target extends UpstreamTarget {
  /** Adds the parameters that have a value, in the order given; a list becomes a repeated parameter. */
  with(query: Readonly<Record<string, Value>>): UpstreamTarget;
}

/**
 * Builds an upstream path. Every value is percent-encoded whole, so that no input can leave its segment.
 * Throws where a value is a dot segment: no encoding would keep that in its place.
 */
export function at(parts: TemplateStringsArray, ...values: readonly string[]): Target {
  const target = parts.reduce((path, part, i) => path + encodeSegment(values[i - 1] ?? '') + part);
  return { target, with: (query) => ({ target: withQuery(target, query) }) };
}

/** Each segment of `path` encoded by itself, its slashes kept. Throws where one is a dot segment. */
export const encodePath = (path: string): string => path.split('/').map(encodeSegment).join('/');

function encodeSegment(text: string): string {
  if (text === '.' || text === '..') throw new Error('a dot segment in an upstream path');
  return encodeURIComponent(text);
}

/** `target` with the parameters that have a value. */
export function withQuery(target: string, query: Readonly<Record<string, Value>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item) => item !== undefined)
      .map((item) => `${name}=${encodeURIComponent(String(item))}`),
  );
  return pairs.length === 0 ? target : `${target}?${pairs.join('&')}`;
}
