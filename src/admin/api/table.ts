import { accountOperations } from './accounts.ts';
import { exitOperations } from './exits.ts';
import { keyOperations } from './keys.ts';
import type { Operation } from './operation.ts';
import { watchOperations } from './watch.ts';

/** All that can be asked of the door under `/v1`, in one place: routes and description come from here. */
export const operations: readonly Operation[] = [
  ...accountOperations,
  ...keyOperations,
  ...exitOperations,
  ...watchOperations,
];
