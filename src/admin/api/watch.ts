import { z } from 'zod';
import { LOG_LEVELS, OperatorError } from '../../domain/operator.ts';
import { monthOf, summaryOf } from '../../domain/usage-summary.ts';
import { type Operation, operation } from './operation.ts';
import { atOf, cursorPaging, listData, none } from './parameters.ts';
import { AuditData, auditData, listOf, StoryData, UsageData } from './schemas.ts';

/** What happened, and how much of it. */
export const watchOperations: readonly Operation[] = [
  operation({
    id: 'getUsage',
    method: 'GET',
    path: '/v1/usage',
    tag: 'Usage',
    summary: 'Usage',
    description:
      'A month by day, endpoint and outcome; of all gateways that share the store, at most a second behind, and what its traffic through paid exits costs. Without `account`: everyone’s, calls without a key included. Kept for 13 months.',
    parameters: z.strictObject({
      account: z.string().min(1).optional().meta({ description: 'ID or name; everyone when not given.' }),
      month: z
        .string()
        .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month like 2026-11')
        .optional()
        .meta({ description: '`YYYY-MM`, UTC; this month when not given.', examples: ['2026-11'] }),
    }),
    body: null,
    data: UsageData,
    run: async ({ parameters, nowMs }, { accounts, usage, costs }) => {
      const { account: wanted, month = monthOf(nowMs) } = parameters;
      const account = wanted === undefined ? null : (await accounts.find(wanted)).id;
      const [rows, exits] = await Promise.all([usage.read(account, month), costs.exits(account, month)]);
      const { total, days, endpoints, codes } = summaryOf(rows);
      const answered = codes.find(({ code }) => code === 'ok')?.calls ?? 0;
      return {
        account,
        month,
        total,
        days: [...days],
        endpoints: [...endpoints],
        codes: [...codes],
        rows: [...rows],
        exits: [...exits.sources],
        cost: exits.cost,
        costPerThousand: exits.cost === null || answered === 0 ? null : (exits.cost / answered) * 1_000,
      };
    },
  }),
  operation({
    id: 'listAudit',
    method: 'GET',
    path: '/v1/audit',
    tag: 'Audit',
    summary: 'Audit',
    description: 'Every change to accounts and keys, the latest first.',
    parameters: z.strictObject(cursorPaging),
    body: null,
    data: listOf(AuditData),
    run: async ({ parameters }, { accounts }) =>
      listData(await accounts.listAudit(atOf(parameters)), auditData),
  }),
  operation({
    id: 'getCall',
    method: 'GET',
    path: '/v1/calls/{request_id}',
    tag: 'Calls',
    summary: 'Call',
    description: 'What became of a call, by the request id that its answer carried.',
    parameters: z.strictObject({
      request_id: z.uuid().meta({ description: '`meta.request_id` of its answer.' }),
    }),
    body: null,
    data: StoryData,
    run: async ({ parameters }, { calls }) => {
      const story = await calls.find(parameters.request_id.toLowerCase());
      if (story === null)
        throw new OperatorError('not_found', 'Nothing is known of this call, or not any more.', 'request_id');
      return { ...story, attempts: [...story.attempts] };
    },
  }),
  operation({
    id: 'setLogLevel',
    method: 'POST',
    path: '/v1/log-level',
    tag: 'Log',
    summary: 'Log level set',
    description: 'Of this gateway, until its next start.',
    parameters: none,
    body: z.strictObject({ level: z.enum(LOG_LEVELS) }),
    data: z.object({ level: z.enum(LOG_LEVELS) }).meta({ id: 'LogLevel' }),
    run: async ({ body }, operator) => {
      operator.setLogLevel(body.level);
      return body;
    },
  }),
];
