import { z } from 'zod';
import {
  type ExitsDesk,
  type ExitView,
  type ListAt,
  type ListPage,
  OperatorError,
} from '../../domain/operator.ts';
import { type Operation, operation } from './operation.ts';
import { atOf, cursorPaging, id, listData, none } from './parameters.ts';
import { ExitData, exitData, listOf } from './schemas.ts';

const tag = 'Exits';
const one = z.strictObject({ id: id('As `GET /v1/exits` tells it.') });

/** The exits behind `cursor`, in the order of their ids, so that a page stays true while others come and go. */
function pageOf(exits: readonly ExitView[], { cursor, limit }: ListAt): ListPage<ExitView> {
  const rest = exits
    .filter((exit) => cursor === null || exit.id > cursor)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const values = rest.slice(0, limit);
  return { values, next: rest.length > limit ? (values.at(-1)?.id ?? null) : null };
}

function theExit(exits: ExitsDesk, id: string, isThere: boolean): ExitView {
  const exit = isThere ? exits.list().find((view) => view.id === id) : undefined;
  if (exit === undefined) throw new OperatorError('not_found', `No exit has the id ${id}.`, 'id');
  return exit;
}

export const exitOperations: readonly Operation[] = [
  operation({
    id: 'listExits',
    method: 'GET',
    path: '/v1/exits',
    tag,
    summary: 'Exits',
    description: 'Of this gateway, as they are now.',
    parameters: z.strictObject(cursorPaging),
    body: null,
    data: listOf(ExitData),
    run: async ({ parameters }, { exits }) => listData(pageOf(exits.list(), atOf(parameters)), exitData),
  }),
  operation({
    id: 'setExitAside',
    method: 'POST',
    path: '/v1/exits/{id}/set-aside',
    tag,
    summary: 'Exit set aside',
    description:
      'Calls under way end as they would; no further one leaves through it until it is brought back.',
    parameters: one,
    body: none,
    data: ExitData,
    run: async ({ parameters }, { exits }) =>
      exitData(theExit(exits, parameters.id, exits.setAside(parameters.id))),
  }),
  operation({
    id: 'bringExitBack',
    method: 'POST',
    path: '/v1/exits/{id}/bring-back',
    tag,
    summary: 'Exit brought back',
    parameters: one,
    body: none,
    data: ExitData,
    run: async ({ parameters }, { exits }) =>
      exitData(theExit(exits, parameters.id, exits.bringBack(parameters.id))),
  }),
  operation({
    id: 'reloadExits',
    method: 'POST',
    path: '/v1/exits/reload',
    tag,
    summary: 'Exits read again',
    description:
      'Reads the list again, as SIGHUP does. A list with a bad entry is refused by its name, and the old one stays.',
    parameters: none,
    body: none,
    data: z.object({ exits: z.int().min(0) }).meta({ id: 'ExitsRead' }),
    run: async (_asked, { exits }) => exits.reload(),
  }),
];
