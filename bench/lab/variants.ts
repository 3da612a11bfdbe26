import { gunzipSync } from 'node:zlib';
import type { Load, Seen } from './load.ts';
import { LISTING_PATHS, LISTINGS, NEW_PATHS, PAGES, PATHS, type Size } from './pages.ts';
import type { Member } from './process.ts';
import { startHaproxy, startNginx, versionOf } from './servers.ts';
import type { Keyed, World } from './world.ts';

/** One way to answer a call, under one name. */
export interface Variant {
  readonly name: string;
  readonly member: Member;
  readonly path: (size: Size) => string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether `data` stands in an envelope, or the page alone comes. */
  readonly isWrapped: boolean;
  /** Parsed and written again, so that only the value is the same. */
  readonly isRewritten?: boolean;
  /** The listing of a directory. */
  readonly isListing?: boolean;
}

export interface Variants {
  readonly all: readonly Variant[];
  readonly absent: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

const upstreamPath = (size: Size) => PATHS[size].upstream;
const gatewayPath = (size: Size) => `/bitbucket-api${PATHS[size].gateway}`;
const taking = (encoding: 'identity' | 'gzip', key?: string) => ({
  'accept-encoding': encoding,
  ...(key === undefined ? {} : { 'x-oanor-key': key }),
});

export const fullGateway = (name: string, member: Keyed, encoding: 'identity' | 'gzip'): Variant => ({
  name,
  member,
  path: gatewayPath,
  headers: taking(encoding, member.key),
  isWrapped: true,
});

/** Every peer that is installed here, beside the gateway itself. */
export async function createVariants(world: World): Promise<Variants> {
  const [gateway, straight] = [await world.gateway(), await world.gateway({ exits: 'direct' })];
  const bare = await world.peer('passthrough.ts', 'proxy');
  const naive = await world.peer('naive.ts', 'proxy');
  const ours: Variant[] = [
    {
      name: 'constant',
      member: await world.peer('constant.ts', 'direct'),
      path: upstreamPath,
      headers: taking('identity'),
      isWrapped: false,
    },
    { name: 'bare', member: bare, path: upstreamPath, headers: taking('identity'), isWrapped: false },
    fullGateway('full', gateway, 'identity'),
    { name: 'bare again', member: bare, path: upstreamPath, headers: taking('identity'), isWrapped: false },
    {
      name: 'naive',
      member: naive,
      path: upstreamPath,
      headers: taking('identity'),
      isWrapped: true,
      isRewritten: true,
    },
    {
      name: 'http-proxy',
      member: await world.peer('http-proxy.ts', 'proxy'),
      path: upstreamPath,
      headers: taking('identity', 'key'),
      isWrapped: false,
    },
    { name: 'bare, gzip', member: bare, path: upstreamPath, headers: taking('gzip'), isWrapped: false },
    fullGateway('full, gzip', gateway, 'gzip'),
    {
      name: 'naive, gzip',
      member: naive,
      path: upstreamPath,
      headers: taking('gzip'),
      isWrapped: true,
      isRewritten: true,
    },
    {
      ...fullGateway('full, gzip, new pages', gateway, 'gzip'),
      path: (size) => `/bitbucket-api${NEW_PATHS[size].gateway}`,
    },
    fullGateway('full, direct, gzip', straight, 'gzip'),
    fullGateway('full, direct', straight, 'identity'),
    {
      ...fullGateway('full, src', gateway, 'identity'),
      path: (size) => `/bitbucket-api${LISTING_PATHS[size].gateway}`,
      isListing: true,
    },
    {
      name: 'naive, src',
      member: naive,
      path: (size) => LISTING_PATHS[size].upstream,
      headers: taking('identity'),
      isWrapped: true,
      isListing: true,
    },
  ];
  const servers = await createServers(world, straight.key);
  return { ...servers, all: [...ours, ...servers.all] };
}

async function createServers(world: World, key: string): Promise<Variants> {
  const place = {
    folder: world.folder,
    upstreamPort: world.upstream.port,
    certificate: world.certificate,
    key,
  };
  const known = [
    { name: 'nginx', flag: '-v', start: startNginx, isWrapped: true },
    { name: 'haproxy', flag: '-v', start: startHaproxy, isWrapped: false },
  ];
  const all: Variant[] = [];
  const absent: string[] = [];
  const versions: Record<string, string> = {};
  for (const { name, flag, start, isWrapped } of known) {
    const version = versionOf(name, flag);
    if (version === null) {
      absent.push(name);
      continue;
    }
    versions[name] = version;
    const member = world.keep(await start(place));
    all.push({
      name,
      member,
      path: (size) => `/2.0${upstreamPath(size)}`,
      headers: taking('identity', key),
      isWrapped,
    });
  }
  return { all, absent, versions };
}

export const loadOf = ({ member, path, headers }: Variant, size: Size, requests: number): Load => ({
  port: member.port,
  path: path(size),
  headers,
  connections: size === '1 MB' ? 8 : 16,
  requests,
});

/** Throws unless the variant answers with the page, whole and right. */
export async function check(world: World, variant: Variant, size: Size): Promise<void> {
  const seen = await world.see(loadOf(variant, size, 1));
  const text = textOf(seen);
  if (seen.status !== 200 || !isRight(text, variant, size))
    throw new Error(`${variant.name} answers ${size} wrongly: ${seen.status} ${text.slice(0, 200)}`);
}

function isRight(text: string, { isListing, isRewritten, isWrapped }: Variant, size: Size): boolean {
  if (isListing) {
    const { entries, values } = JSON.parse(text).data;
    return (entries ?? values).length === JSON.parse(LISTINGS[size].text.toString()).values.length;
  }
  const page = PAGES[size].text.toString();
  if (isRewritten) return JSON.stringify(JSON.parse(text).data) === JSON.stringify(JSON.parse(page));
  return isWrapped ? text.startsWith(`{"data":${page},"meta":`) : text === page;
}

function textOf({ headers, body }: Seen): string {
  const bytes = Buffer.from(body, 'base64');
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}
