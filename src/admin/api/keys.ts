import { z } from 'zod';
import { type Operation, operation } from './operation.ts';
import { atOf, cursorPaging, id, listData } from './parameters.ts';
import { KeyData, KeyMadeData, keyData, listOf } from './schemas.ts';

const tag = 'Keys';
const one = z.strictObject({ id: id('The public part of the key.') });
/** A day, as with the command. */
const OVERLAP_S = 86_400;

export const keyOperations: readonly Operation[] = [
  operation({
    id: 'listKeys',
    method: 'GET',
    path: '/v1/keys',
    tag,
    summary: 'Keys',
    parameters: z.strictObject({
      account: z.string().min(1).optional().meta({ description: 'ID or name; all keys when not given.' }),
      ...cursorPaging,
    }),
    body: null,
    data: listOf(KeyData),
    run: async ({ parameters }, { accounts }) =>
      listData(await accounts.listKeys(atOf(parameters), parameters.account ?? null), keyData),
  }),
  operation({
    id: 'getKey',
    method: 'GET',
    path: '/v1/keys/{id}',
    tag,
    summary: 'Key',
    parameters: one,
    body: null,
    data: KeyData,
    run: async ({ parameters }, { accounts }) => keyData(await accounts.findKey(parameters.id)),
  }),
  operation({
    id: 'revokeKey',
    method: 'DELETE',
    path: '/v1/keys/{id}',
    tag,
    summary: 'Key revoked',
    description: 'It is refused from now on, by every gateway within a second.',
    parameters: one,
    body: null,
    data: KeyData,
    run: async ({ parameters }, { accounts }) => keyData(await accounts.revokeKey(parameters.id)),
  }),
  operation({
    id: 'rotateKey',
    method: 'POST',
    path: '/v1/keys/{id}/rotate',
    tag,
    summary: 'Key rotated',
    description: 'A new key in place of this one, which goes on for the overlap. The month goes on too.',
    parameters: one,
    body: z.strictObject({
      overlapSeconds: z
        .int()
        .min(0)
        .max(365 * 86_400)
        .default(OVERLAP_S)
        .meta({ description: 'How long the old key is still good; a day when not given.' }),
    }),
    data: KeyMadeData,
    run: async ({ parameters, body, once }, { accounts }) => {
      const made = await accounts.rotateKey(parameters.id, body.overlapSeconds * 1_000, once);
      return { ...keyData(made), key: made.key };
    },
  }),
];
