import {
  branchOf,
  commitOf,
  dateOf,
  hashOf,
  type Json,
  pullRequestOf,
  repositoryOf,
  tagOf,
  uuidOf,
  watchers,
  workspaceOf,
} from './objects.ts';

/** One repository of the stand-in. */
export interface Repo {
  readonly full: string;
  readonly uuid: string;
  /** Sent as it stands, so that it can hold what a double cannot. */
  readonly body: string;
  readonly branches: readonly Json[];
  readonly tags: readonly Json[];
  readonly commits: readonly Json[];
  readonly pullrequests: readonly Json[];
  readonly forks: readonly Json[];
  readonly watchers: readonly Json[];
  /** Files by path, with their bytes. */
  readonly files: ReadonlyMap<string, string>;
  /** The commit of the main branch; moves on a push. */
  head: string;
}

export interface World {
  readonly repos: ReadonlyMap<string, Repo>;
  readonly workspaces: ReadonlyMap<string, { readonly body: Json; readonly repositories: readonly Json[] }>;
}

/** Everything the stand-in serves. The same on every start. */
export function createWorld(): World {
  const repos = [atlassianEvent(), big(), slashMain(), empty(), exact()];
  return {
    repos: new Map(repos.map((repo) => [repo.full, repo])),
    workspaces: new Map([
      ['atlassian', { body: workspaceOf('atlassian'), repositories: atlassianRepositories() }],
      ['acme', { body: workspaceOf('acme'), repositories: [] }],
    ]),
  };
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const padded = (i: number) => String(i).padStart(3, '0');

function create(
  full: string,
  mainbranch: string | null,
  parts: Partial<Repo> & { name?: string; size?: number },
): Repo {
  const [workspace = '', slug = ''] = full.split('/');
  const uuid = parts.uuid ?? uuidOf(full);
  const facts = {
    workspace,
    slug,
    name: parts.name ?? slug,
    size: parts.size ?? 1_000,
    uuid,
    mainbranch,
    updatedOn: dateOf(0),
  };
  return {
    full,
    uuid,
    body: JSON.stringify(repositoryOf(facts)),
    branches: [],
    tags: [],
    commits: [],
    pullrequests: [],
    forks: [],
    watchers: [],
    files: new Map(),
    head: hashOf(full),
    ...parts,
  };
}

function atlassianEvent(): Repo {
  const full = 'atlassian/atlassian-event';
  const head = '8047fe879513ff5a470b7994aedef94fdcab9b72';
  const branch = (name: string, i: number) => branchOf(full, name, hashOf(`${full} ${name}`), dateOf(i));
  const tag = (name: string, i: number) => tagOf(full, name, hashOf(`${full} ${name}`), dateOf(i));
  return create(full, 'master', {
    name: 'Atlassian Event',
    size: 2_849_158,
    uuid: '{3d76c1e2-d4bb-4baf-a957-ad7ba71f88c2}',
    head,
    branches: [
      branchOf(full, '3.1.x', '8a22ad22211b98ff76223ca298c642230468cbd3', '2024-10-08T09:47:34+00:00'),
      ...range(47).map((i) => branch(`issue/EVENT-${padded(i)}`, i)),
      branchOf(full, 'master', head, dateOf(1)),
    ],
    tags: [
      tagOf(
        full,
        'atlassian-event-0.2',
        '7603a42e6ae2e4b8239fd97ad0de9dc46fe2cbec',
        '2010-10-08T18:38:42+00:00',
      ),
      ...range(90).map((i) => tag(`atlassian-event-1.${padded(i)}`, i)),
    ],
    commits: [
      commitOf(full, 'd39478cc0180167a2104323cc78d67fb3716bb24', '2026-05-13T13:43:05+00:00'),
      ...range(120).map((i) => commitOf(full, hashOf(`${full} commit ${i}`), dateOf(i + 1))),
    ],
    pullrequests: [
      ...range(6).map((i) => pullRequestOf(full, 219 - i, 'OPEN')),
      ...range(60).map((i) => pullRequestOf(full, 150 - i, i % 3 === 0 ? 'DECLINED' : 'MERGED')),
    ],
    watchers,
    files: new Map([
      ['.gitignore', 'target\n.idea\n*.iml\n'],
      ['README.md', `# Atlassian Event\n${'.'.repeat(168)}\n`],
    ]),
  });
}

/** 408, the first as on the product page. */
function atlassianRepositories(): Json[] {
  const repository = (slug: string, size: number, uuid: string, days: number) =>
    repositoryOf({
      workspace: 'atlassian',
      slug,
      name: slug,
      size,
      uuid,
      mainbranch: 'master',
      updatedOn: dateOf(days),
    });
  return [
    repository('atlassian-connect-spring-boot', 9_008_523, '{4b29f711-fe1c-43aa-bc77-5db7a7430fed}', 0),
    ...range(407).map((i) => repository(`project-${padded(i)}`, 1_000 + i, uuidOf(`project ${i}`), i + 1)),
  ];
}

/** What a directory listing must not be mistaken for. */
export const IMITATION = JSON.stringify({
  pagelen: 10,
  page: 1,
  values: [{ path: 'fake', type: 'commit_file', size: 1, commit: { hash: hashOf('fake') } }],
});

function big(): Repo {
  const full = 'acme/big';
  const named = ['main', 'feature/x', 'both', ...range(246).map((i) => `topic-${padded(i)}`)].sort();
  return create(full, 'main', {
    branches: named.map((name, i) =>
      branchOf(full, name, name === 'main' ? hashOf(full) : hashOf(`${full} ${name}`), dateOf(i)),
    ),
    tags: ['v1.0', 'release/1', 'both', 'odd@name'].map((name, i) =>
      tagOf(full, name, hashOf(`${full} tag ${name}`), dateOf(i)),
    ),
    commits: range(503).map((i) => commitOf(full, hashOf(`${full} commit ${i}`), dateOf(i))),
    pullrequests: range(120).map((i) => pullRequestOf(full, 1_000 - i, i % 2 === 0 ? 'OPEN' : 'MERGED')),
    files: new Map([
      ...range(237).map((i): [string, string] => [`many/file-${padded(i)}.txt`, 'text']),
      ['imitation.json', IMITATION],
      ['README.md', 'read me'],
      ['v1.0/notes.txt', 'notes'],
      ['v1.0/todo.txt', 'todo'],
      ['odd/a#b?c%d e.txt', 'odd'],
      ['odd/ünï.txt', 'odd'],
      ['..foo/file', 'dots'],
    ]),
  });
}

function slashMain(): Repo {
  const full = 'acme/slash-main';
  return create(full, 'release/main', {
    branches: [branchOf(full, 'release/main', hashOf(full), dateOf(0))],
    files: new Map([['only.txt', 'one']]),
  });
}

const empty = () => create('acme/empty', null, {});

/** A number beyond 2^53, an escape of choice and a raw U+2028. */
function exact(): Repo {
  const body =
    '{"size": 12345678901234567890, "name":"\\u00e9\u2028", "a":1.0, "type":"repository","mainbranch":null}';
  return create('acme/exact', null, { body });
}
