import type { Endpoint } from './endpoint.ts';
import { getFileTree } from './file-tree.ts';
import { metaOf } from './meta.ts';
import {
  getRepository,
  listBranches,
  listCommits,
  listForks,
  listPullRequests,
  listTags,
  listWatchers,
} from './repository.ts';
import { getWorkspace, listWorkspaceRepositories } from './workspace.ts';

const reading: readonly Endpoint[] = [
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

/** Every endpoint, in the order of the product page. */
export const table: readonly Endpoint[] = [...reading, metaOf(reading.length)];

/** What all their paths stand behind. */
export const BASE_PATH = '/bitbucket-api';
