import { brief, briefList, clipped, field, type Item, line, valueAt } from './brief.ts';

/** What people read of each thing: names, people, dates, counts, and one link. */

const HASH_DIGITS = 12;
const SUBJECT_CHARACTERS = 100;
const TEXT_CHARACTERS = 200;
const html = field('links', 'html', 'href');
const subject = line(['message'], SUBJECT_CHARACTERS);

const personAt = (...path: readonly string[]) => {
  return (item: Item): unknown => {
    const named = valueAt(item, ...path, 'display_name') ?? valueAt(item, ...path, 'nickname');
    return named ?? valueAt(item, ...path, 'username');
  };
};

/** Who wrote it: the account's name, else the name before the address. */
const authorAt = (...path: readonly string[]) => {
  const account = personAt(...path, 'user');
  return (item: Item): unknown => {
    const raw = valueAt(item, ...path, 'raw');
    const written = typeof raw === 'string' ? raw.replace(/\s*<[^>]*>\s*$/, '') || raw : undefined;
    return account(item) ?? (written === undefined ? undefined : clipped(written, SUBJECT_CHARACTERS));
  };
};

const shortHash = (hash: unknown) => (typeof hash === 'string' ? hash.slice(0, HASH_DIGITS) : undefined);

const commit = brief({
  hash: field('hash'),
  date: field('date'),
  author: authorAt('author'),
  subject,
  parents: (item) => {
    const parents = valueAt(item, 'parents');
    return Array.isArray(parents)
      ? parents.map((parent: Item) => shortHash(valueAt(parent, 'hash')))
      : undefined;
  },
  // Bitbucket's own pages take a hash of twelve digits too.
  html: (item) => {
    const [href, hash] = [html(item), valueAt(item, 'hash')];
    return typeof href === 'string' && typeof hash === 'string'
      ? href.replace(hash, hash.slice(0, HASH_DIGITS))
      : href;
  },
});

const target = {
  hash: field('target', 'hash'),
  date: field('target', 'date'),
  author: authorAt('target', 'author'),
  subject: line(['target', 'message'], SUBJECT_CHARACTERS),
};

const branch = brief({ name: field('name'), ...target, html });

const tag = brief({
  name: field('name'),
  ...target,
  tagger: authorAt('tagger'),
  message: line(['message'], SUBJECT_CHARACTERS),
  html,
});

export const repositoryBrief = brief({
  full_name: field('full_name'),
  name: field('name'),
  description: line(['description'], TEXT_CHARACTERS),
  language: field('language'),
  size: field('size'),
  mainbranch: field('mainbranch', 'name'),
  fork_policy: field('fork_policy'),
  parent: field('parent', 'full_name'),
  created_on: field('created_on'),
  updated_on: field('updated_on'),
  html,
});

/** A branch, and the repository it is in where that is another one. */
const sourceOf = (item: Item): unknown => {
  const name = valueAt(item, 'source', 'branch', 'name');
  const from = valueAt(item, 'source', 'repository', 'full_name');
  const isFork = from !== undefined && from !== valueAt(item, 'destination', 'repository', 'full_name');
  return isFork && typeof name === 'string' ? `${String(from)}:${name}` : name;
};

const pullRequest = brief({
  id: field('id'),
  title: line(['title'], TEXT_CHARACTERS),
  state: field('state'),
  draft: (item) => valueAt(item, 'draft') === true || undefined,
  author: personAt('author'),
  source: sourceOf,
  destination: field('destination', 'branch', 'name'),
  created_on: field('created_on'),
  updated_on: field('updated_on'),
  comment_count: field('comment_count'),
  task_count: field('task_count'),
  html,
});

const account = brief({
  type: field('type'),
  display_name: field('display_name'),
  name: (item) => valueAt(item, 'username') ?? valueAt(item, 'nickname'),
  uuid: field('uuid'),
  html,
});

export const workspaceBrief = brief({
  slug: field('slug'),
  name: field('name'),
  uuid: field('uuid'),
  created_on: field('created_on'),
  html,
});

/** The commit stands once beside the entries. */
const entry = brief({ path: field('path'), type: field('type'), size: field('size') });

export const metaBrief = brief({
  auth: field('auth'),
  name: field('name'),
  note: field('note'),
  source: field('source'),
  endpoints: field('endpoints'),
});

export const commitsBrief = briefList(commit, { id: 'hash' });
export const branchesBrief = briefList(branch, { id: 'name' });
export const tagsBrief = briefList(tag, { id: 'name' });
export const repositoriesBrief = briefList(repositoryBrief, { id: 'uuid' });
export const pullRequestsBrief = briefList(pullRequest, { id: 'id' });
export const accountsBrief = briefList(account, { id: 'uuid' });
export const treeBrief = briefList(entry, {
  id: 'path',
  key: 'entries',
  beside: {
    ref: field('ref'),
    path: field('path'),
    count: field('count'),
    commit: field('entries', '0', 'commit'),
  },
});
