import { listCommits } from './commits.ts';
import type { Endpoint } from './endpoint.ts';
import { getFileTree } from './file-tree.ts';
import { metaRowOf } from './meta.ts';
import {
  getRepository,
  listBranches,
  listForks,
  listPullRequests,
  listTags,
  listWatchers,
} from './repository.ts';
import { getWorkspace, listWorkspaceRepositories } from './workspace.ts';

/** The rows that read Bitbucket, in the order of the product page. A new one goes here. */
export const reading: readonly Endpoint[] = [
  getRepository,
  listBranches,
  listCommits,
  listForks,
  listPullRequests,
  getFileTree,
  listTags,
  listWatchers,
  getWorkspace,
  listWorkspaceRepositories,
];

/** `rows`, and behind them the one that tells about them. */
export const endpointsOf = (rows: readonly Endpoint[]): readonly Endpoint[] => [
  ...rows,
  metaRowOf(rows.length),
];

/** Every endpoint. */
export const table: readonly Endpoint[] = endpointsOf(reading);

/** What all their paths stand behind. */
export const BASE_PATH = '/bitbucket-api';
