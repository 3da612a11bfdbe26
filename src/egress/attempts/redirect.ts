import { Failure } from '../../domain/failure.ts';

const API_HOST = 'api.bitbucket.org';
const API_ROOT = '/2.0';

/** Where the API is fetched: `UPSTREAM_URL`, taken apart. */
export interface UpstreamBase {
  readonly origin: string;
  readonly host: string;
  /** `/2.0`, without a slash at its end. */
  readonly root: string;
}

export function upstreamBaseOf(upstreamUrl: string): UpstreamBase {
  const { origin, host, pathname } = new URL(upstreamUrl);
  return { origin, host, root: pathname.replace(/\/+$/, '') };
}

/**
 * The target behind the API's base that `location` leads to, seen from the target `from`. Believed are Bitbucket's own
 * host and that of `UPSTREAM_URL`, over https and below the API's root; whatever is believed is fetched at
 * `UPSTREAM_URL`. Null: it leads elsewhere.
 */
export function redirectTarget(location: string, from: string, base: UpstreamBase): string | null {
  const url = URL.parse(location, base.origin + base.root + from);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  const root = url.host === base.host ? base.root : url.host === API_HOST ? API_ROOT : null;
  if (root === null || !url.pathname.startsWith(`${root}/`)) return null;
  return url.pathname.slice(root.length) + url.search;
}

export const redirectedAway = () =>
  new Failure(
    'upstream_failed',
    'Bitbucket redirected to another place, which this gateway does not follow.',
  );
export const redirectedTooOften = () => new Failure('upstream_failed', 'Bitbucket redirected too often.');
