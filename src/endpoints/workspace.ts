import { z } from 'zod';
import { workspaceName } from '../input/workspace.ts';
import { repositoriesBrief, workspaceBrief } from './briefs.ts';
import { object, page } from './endpoint.ts';
import { filtering, paging, repositoryFilters } from './repository.ts';
import { RepositoryPage, Workspace } from './schemas.ts';
import { at } from './target.ts';

export const getWorkspace = object({
  path: '/v1/workspace',
  operationId: 'getWorkspace',
  tag: 'Workspace',
  summary: 'Workspace profile',
  description:
    'Name, UUID and links of a workspace. `is_private: true` is normal for workspaces with public repositories.',
  message: 'Workspace profile',
  data: Workspace,
  brief: workspaceBrief,
  input: z.strictObject({ workspace: workspaceName }),
  upstream: ({ workspace }) => at`/workspaces/${workspace}`,
});

export const listWorkspaceRepositories = page({
  path: '/v1/workspace/repos',
  operationId: 'listWorkspaceRepositories',
  tag: 'Workspace',
  summary: 'Workspace repositories',
  description:
    'The public repositories of a workspace, the lately updated ones first unless `sort` says otherwise. Some ' +
    'workspaces forbid the list although single repositories in them are public.',
  message: 'Workspace repositories',
  data: RepositoryPage,
  brief: repositoriesBrief,
  input: z.strictObject({ workspace: workspaceName, ...filtering(repositoryFilters), ...paging }),
  upstream: ({ workspace, q, sort = '-updated_on', pagelen, page }) =>
    at`/repositories/${workspace}`.with({ q, sort, pagelen, page }),
});
