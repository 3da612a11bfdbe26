import { z } from 'zod';
import type { UpstreamAnswer, UpstreamHead } from '../domain/upstream.ts';
import { as } from './read-as.ts';

const ListingBody = z.object({
  next: z.string().optional(),
  values: z.array(
    z.object({
      path: z.string(),
      type: z.string(),
      size: z.number().nullish(),
      commit: z.object({ hash: z.string() }),
    }),
  ),
});

export type Listing = z.output<typeof ListingBody>;

/**
 * Headers decide what a path is, never its content: a file comes as an attachment, in a type of its own, or from
 * the host of large files.
 */
export function isFileEntry({ status, headers }: UpstreamHead): boolean {
  if (status >= 300) return URL.parse(headers.location ?? '')?.hostname === 'api.media.atlassian.com';
  return (
    'content-disposition' in headers || !/^application\/(.+\+)?json\b/i.test(headers['content-type'] ?? '')
  );
}

/** The type of a file is guessed from its extension, so only a name with a dot could be JSON. */
export function mayBeJsonFile(path: string, { headers }: UpstreamHead): boolean {
  return !('content-disposition' in headers) && path.slice(path.lastIndexOf('/') + 1).includes('.');
}

export interface ReadListing {
  readonly head: UpstreamHead;
  /** Null when it may be the content of a file, which is for `format=meta` to say, and when the caller has it. */
  readonly listing: Listing | null;
  readonly requestId: string | undefined;
}

/** The listing of `path` in an answer; null where it is neither that nor may be a file. */
export function readListing(path: string, answer: UpstreamAnswer): ReadListing | null {
  if (answer.status === 304) return { head: answer, listing: null, requestId: answer.requestId };
  const listing = as(ListingBody)(answer);
  if (listing === null && !mayBeJsonFile(path, answer)) return null;
  return { head: answer, listing, requestId: answer.requestId };
}
