import { z } from 'zod';

/**
 * Bitbucket's objects as far as callers may rely on them. All are open: Bitbucket adds keys at any time, and its
 * values are no closed lists. What its own document says is wrong in places; recorded answers win.
 */
const link = z.looseObject({ href: z.string(), name: z.string().optional() });
const links = z
  .record(z.string(), z.union([link, z.array(link)]))
  .meta({ description: 'URLs of Bitbucket.' });

const Account = z
  .looseObject({
    type: z.string(),
    uuid: z.string().optional(),
    display_name: z.string().optional(),
    nickname: z.string().optional(),
    username: z.string().optional(),
    account_id: z.string().optional(),
    links: links.optional(),
  })
  .meta({ id: 'Account', description: 'A user, a team or an app. Deleted accounts may lack names.' });

const author = z.looseObject({ raw: z.string().optional(), type: z.string(), user: Account.nullish() });

const Commit = z
  .looseObject({
    type: z.string(),
    hash: z.string(),
    date: z.string().optional(),
    message: z.string().optional(),
    author: author.optional(),
    parents: z.array(z.looseObject({ hash: z.string(), type: z.string() })).optional(),
    links: links.optional(),
  })
  .meta({ id: 'Commit' });

const Branch = z
  .looseObject({
    type: z.string(),
    name: z.string(),
    target: Commit,
    links: links.optional(),
    merge_strategies: z.array(z.string()).optional(),
    default_merge_strategy: z.string().optional(),
  })
  .meta({ id: 'Branch' });

const Tag = z
  .looseObject({
    type: z.string(),
    name: z.string(),
    target: Commit,
    date: z.string().nullish(),
    message: z.string().nullish(),
    tagger: author.nullish(),
    links: links.optional(),
  })
  .meta({ id: 'Tag', description: '`date`, `message` and `tagger` are null on lightweight tags.' });

const owner = z.looseObject({ type: z.string(), uuid: z.string().optional(), name: z.string().optional() });

export const Repository = z
  .looseObject({
    type: z.string(),
    uuid: z.string(),
    name: z.string(),
    slug: z.string().optional(),
    full_name: z.string().optional(),
    scm: z.string().optional(),
    description: z.string().nullish(),
    website: z.string().nullish(),
    language: z.string().nullish(),
    size: z.number().nullish().meta({ description: 'Bytes.' }),
    is_private: z.boolean().optional(),
    fork_policy: z.string().optional(),
    created_on: z.string().optional(),
    updated_on: z.string().nullish(),
    mainbranch: z
      .looseObject({ name: z.string(), type: z.string() })
      .nullish()
      .meta({ description: 'Null while the repository is empty.' }),
    owner: Account.nullish(),
    workspace: owner.optional(),
    project: owner.nullish(),
    parent: owner.nullish().meta({ description: 'Null unless it is a fork.' }),
    links: links.optional(),
  })
  .meta({ id: 'Repository' });

const end = z.looseObject({
  branch: z.looseObject({ name: z.string() }).nullish(),
  commit: z.looseObject({ hash: z.string() }).nullish(),
  repository: owner.nullish(),
});

const PullRequest = z
  .looseObject({
    type: z.string(),
    id: z.int(),
    title: z.string(),
    state: z.string(),
    draft: z.boolean().optional(),
    author: Account.nullish(),
    source: end,
    destination: end,
    created_on: z.string().optional(),
    updated_on: z.string().optional(),
    closed_by: Account.nullish(),
    merge_commit: z.looseObject({ hash: z.string() }).nullish(),
    links: links.optional(),
  })
  .meta({ id: 'PullRequest', description: 'The source may be null after its fork or branch was deleted.' });

export const Workspace = z
  .looseObject({
    type: z.string(),
    uuid: z.string(),
    name: z.string(),
    slug: z.string(),
    is_private: z.boolean().optional(),
    created_on: z.string().optional(),
    links: links.optional(),
  })
  .meta({ id: 'Workspace' });

export const FileTree = z
  .strictObject({
    ref: z
      .string()
      .nullable()
      .meta({ description: 'As asked, or the name of the main branch; null for an empty repository.' }),
    path: z.string().meta({ description: '`/` for the root.' }),
    count: z.int().meta({ description: 'Entries on this page.' }),
    entries: z.array(
      z
        .strictObject({
          path: z.string().meta({ description: 'From the root of the repository.' }),
          size: z.int().optional().meta({ description: 'Bytes; only on files.' }),
          type: z.string().meta({ description: '`commit_file` or `commit_directory`.' }),
          commit: z.string().meta({ description: 'The full hash of the commit that is listed.' }),
        })
        .meta({ id: 'TreeEntry' }),
    ),
    next: z.string().optional().meta({ description: 'The token for `page` when more follow.' }),
  })
  .meta({ id: 'FileTree' });

export const Meta = z
  .strictObject({
    auth: z.string(),
    name: z.string(),
    note: z.string(),
    source: z.string(),
    endpoints: z.int(),
  })
  .meta({ id: 'Meta' });

/** A page of a list, as Bitbucket sends it; `id` names it in the description. */
export function pageSchemaOf(id: string, value: z.ZodType) {
  return z
    .looseObject({
      values: z.array(value),
      pagelen: z.int().optional(),
      page: z.int().optional(),
      size: z.int().optional().meta({ description: 'How many match over all pages; not on every list.' }),
      next: z
        .string()
        .optional()
        .meta({ description: "Bitbucket's own URL of the next page; `Link` leads through this gateway." }),
      previous: z.string().optional(),
    })
    .meta({ id });
}

export const RepositoryPage = pageSchemaOf('RepositoryPage', Repository);
export const BranchPage = pageSchemaOf('BranchPage', Branch);
export const CommitPage = pageSchemaOf('CommitPage', Commit);
export const PullRequestPage = pageSchemaOf('PullRequestPage', PullRequest);
export const TagPage = pageSchemaOf('TagPage', Tag);
export const AccountPage = pageSchemaOf('AccountPage', Account);
