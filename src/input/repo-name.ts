import { type ParseResult, parameter } from './parameter.ts';
import { decodeOnce, hasControlCharacter, hasDotSegment, withoutSlashes } from './segments.ts';

/** A repository as Bitbucket's paths want it: lower case; a UUID keeps its braces. */
export interface RepoName {
  readonly workspace: string;
  readonly slug: string;
}

const HOSTS = new Set(['bitbucket.org', 'www.bitbucket.org', 'api.bitbucket.org', 'altssh.bitbucket.org']);
const UUID = /^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$/;
/** Pages of the site that are no workspaces, and pages of a workspace that are no repositories. */
const SITE_PAGES = new Set([
  'account',
  'dashboard',
  'projects',
  'scm',
  'users',
  'rest',
  'product',
  'support',
  'blog',
]);
const WORKSPACE_PAGES = new Set(['workspace', 'profile']);

/** As most give it, and nothing else that it could be. */
const PLAIN = /^([a-z0-9_-]{1,128})\/([a-z0-9_-]{1,62})$/;

const HOW =
  'Give it as workspace/slug, for example atlassian/atlassian-event, or paste its bitbucket.org URL.';

/**
 * The repository in what people paste: `workspace/slug`, UUIDs, the URLs of the site and the API, every clone
 * address. What is behind the repository in a URL (ref, path, query, fragment) is dropped.
 * What is wrong with it is told without repeating it, for there may be a password in it.
 */
export function parseRepoName(text: string): ParseResult<RepoName> {
  const [, workspace, slug] = PLAIN.exec(text) ?? [];
  if (workspace !== undefined && slug !== undefined) return { value: { workspace, slug } };
  const fault = faultOf(text);
  if (fault !== null) return { fault };
  const path = pathOf(text.trim());
  const name = typeof path === 'string' ? path : nameOf(path);
  return typeof name === 'string' ? { fault: name } : { value: name };
}

function faultOf(text: string): string | null {
  if (text.trim() === '') return `\`repo\` is empty. ${HOW}`;
  if (hasControlCharacter(text)) return '`repo` contains a control character.';
  if (text.includes('\\')) return `\`repo\` contains a backslash. ${HOW}`;
  return hasDotSegment(dropTail(text.trim())) ? '`repo` contains a dot segment.' : null;
}

/** The path segments of what was pasted, and whether a host stood before them. */
interface Path {
  readonly segments: readonly string[];
  readonly isUrl: boolean;
}

const FOREIGN = '`repo` points at another host than bitbucket.org; this gateway reads Bitbucket Cloud alone.';

function pathOf(text: string): Path | string {
  if (/^bitbucket:(?!\/\/)/i.test(text)) return pathFrom(text.slice('bitbucket:'.length));

  const scpHost = /^[a-z0-9_.-]+@([^:/]+):(?!\/\/)/i.exec(text)?.[1];
  if (scpHost !== undefined) return isOurs(scpHost) ? pathFrom(text.slice(text.indexOf(':') + 1)) : FOREIGN;

  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return /^(?:https?|ssh|git|git\+https?|git\+ssh):/i.test(text)
      ? fromAuthority(text.slice(text.indexOf('//') + 2))
      : `\`repo\` is no address of a repository. ${HOW}`;
  }
  if (text.startsWith('//')) return fromAuthority(text.slice(2));
  const firstSegment = untilSlash(dropTail(text));
  if (isOurs(withoutPort(firstSegment)) && text.includes('/')) return fromAuthority(text);
  return /[:@]/.test(firstSegment) ? FOREIGN : { segments: segmentsOf(text), isUrl: false };
}

/** `user:secret@host:port/path?query#fragment`; the user part is dropped unread. */
function fromAuthority(rest: string): Path | string {
  const authority = untilSlash(dropTail(rest));
  const host = withoutPort(authority.slice(authority.lastIndexOf('@') + 1));
  return isOurs(host) ? pathFrom(rest.slice(authority.length)) : FOREIGN;
}

const untilSlash = (text: string) => text.slice(0, `${text}/`.indexOf('/'));
const withoutPort = (host: string) => host.replace(/:\d+$/, '');
const isOurs = (host: string) => HOSTS.has(host.toLowerCase());
const dropTail = (text: string) => text.replace(/[?#].*$/s, '');

/** The path behind a host; query and fragment belong to URLs alone. */
const pathFrom = (text: string): Path => ({
  segments: withoutApiPrefix(segmentsOf(dropTail(text))),
  isUrl: true,
});

const segmentsOf = (text: string) =>
  withoutSlashes(text.trim())
    .split('/')
    .map((segment) => decodeOnce(segment).toLowerCase());

/** The API's own addresses put two or three words before the workspace. */
function withoutApiPrefix(segments: readonly string[]): readonly string[] {
  const rest = segments[0] === 'api' || segments[0] === '!api' ? segments.slice(1) : segments;
  return rest[0] === '2.0' && rest[1] === 'repositories' ? rest.slice(2) : segments;
}

function nameOf({ segments, isUrl }: Path): RepoName | string {
  const [workspace = '', written = ''] = segments;
  if (written === '') {
    return isUrl
      ? `\`repo\` names a workspace, not a repository. ${HOW}`
      : `\`repo\` needs a workspace and a slug. ${HOW}`;
  }
  if (!isUrl && segments.length > 2) return `\`repo\` has more than two parts. ${HOW}`;
  if (isUrl && (SITE_PAGES.has(workspace) || WORKSPACE_PAGES.has(written))) {
    return `\`repo\` is a page of another kind or of a self-hosted server. ${HOW}`;
  }
  const slug = UUID.test(written) ? written : written.replace(/\.git$/, '');
  if (!isWorkspace(workspace) && !(workspace === '{}' && UUID.test(slug))) {
    return `The workspace in \`repo\` can only have letters, digits, \`_\` and \`-\`. ${HOW}`;
  }
  if (!isSlug(slug)) {
    return `The slug in \`repo\` can only have letters, digits, \`_\`, \`-\` and \`.\`, 62 of them at most. ${HOW}`;
  }
  return { workspace, slug };
}

/** A workspace ID or a UUID in braces; lower case. */
export const isWorkspace = (text: string): boolean => /^[a-z0-9_-]{1,128}$/.test(text) || UUID.test(text);

const isSlug = (text: string) =>
  (/^[a-z0-9_.-]{1,62}$/.test(text) && !/^\.{1,2}$/.test(text)) || UUID.test(text);

export const repoName = parameter(
  {
    name: 'repo',
    least: 1,
    most: 2_048,
    description:
      'The repository as `workspace/slug`, as UUIDs in braces, or any bitbucket.org URL or clone address of it. A ' +
      'ref or path inside a URL is ignored.',
    example: 'atlassian/atlassian-event',
  },
  parseRepoName,
);
