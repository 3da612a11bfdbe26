import { z } from 'zod';
import { type Account, limitsOf } from '../../domain/account.ts';
import { isoOf } from '../../domain/calendar.ts';
import type { AuditView, ExitView, KeyView } from '../../domain/operator.ts';
import { PLAN_NAMES } from '../../domain/plan.ts';

const count = z.int().min(0);
const moment = z.iso.datetime().meta({ description: 'UTC.' });
const momentOrNull = moment.nullable();
const PLAN = z.enum(PLAN_NAMES as [string, ...string[]]);

export const AccountData = z
  .object({
    id: z.string().meta({ examples: ['acct_4fT9kPq2LmXz'] }),
    name: z.string(),
    plan: PLAN,
    callsPerMonth: z.int().min(1).meta({ description: 'That holds: its own, else the plan’s.' }),
    callsPerSecond: z.int().min(1).meta({ description: 'That holds: its own, else the plan’s.' }),
    suspended: z.boolean(),
    expiresAt: momentOrNull,
  })
  .meta({ id: 'Account' });

export const KeyData = z
  .object({
    id: z.string().meta({ description: 'The public part of the key.', examples: ['4fT9kPq2'] }),
    account: z.string(),
    createdAt: moment,
    endsAt: momentOrNull.meta({ description: 'From when on it is refused; null while it is good.' }),
  })
  .meta({ id: 'Key' });

const key = z
  .string()
  .nullable()
  .meta({ description: 'Shown once; null when the request was carried out before.' });

export const KeyMadeData = z.object({ ...KeyData.shape, key }).meta({ id: 'KeyMade' });
export const AccountMadeData = z
  .object({ ...AccountData.shape, keyId: z.string(), key })
  .meta({ id: 'AccountMade' });

export const AuditData = z
  .object({ at: moment, action: z.string(), account: z.string(), detail: z.string() })
  .meta({ id: 'AuditRow' });

export const ExitData = z
  .object({
    id: z.string().meta({ description: 'Fit for a path.' }),
    label: z.string(),
    source: z.string().meta({ description: 'The entry of the list that made it.' }),
    state: z.enum(['healthy', 'ejected', 'spent', 'retired', 'set_aside']),
    hourlyBudget: count,
    budgetLeft: count,
    inFlight: count,
    latencyMs: z.number().nullable(),
    reason: z.string().nullable().meta({ description: 'Why it is out of service; null while it is in.' }),
  })
  .meta({ id: 'Exit' });

const counts = { calls: count, charged: count, bytesOut: count, bytesExit: count };
const cost = z.number().min(0).nullable();
const day = z.iso.date();
const endpoint = z.string().meta({ description: 'The operation’s ID; `none` where none was reached.' });
const code = z.string().meta({ description: 'The failure’s code; `ok` for an answer with data.' });

export const UsageData = z
  .object({
    account: z.string().nullable(),
    month: z.string().meta({ examples: ['2026-11'] }),
    total: z.object(counts),
    days: z.array(z.object({ day, ...counts })),
    endpoints: z.array(z.object({ endpoint, ...counts })),
    codes: z.array(z.object({ code, ...counts })),
    rows: z.array(z.object({ day, endpoint, code, ...counts })),
    exits: z
      .array(
        z.object({
          source: z.string().meta({ description: 'The entry of the list.' }),
          requests: count,
          bytes: count.meta({ description: 'Both ways, as vendors bill them.' }),
          cost: cost.meta({ description: 'At today’s price of the entry; null where it has none.' }),
        }),
      )
      .meta({ description: 'What went through paid exits on its behalf.' }),
    cost: cost.meta({ description: 'Of all that has a price; null where nothing has one.' }),
    costPerThousand: cost.meta({ description: 'Of 1,000 calls that were answered with data.' }),
  })
  .meta({ id: 'Usage' });

export const StoryData = z
  .object({
    requestId: z.uuid(),
    receivedAt: moment,
    door: z.string(),
    endpoint: z.string().nullable(),
    accountId: z.string().nullable(),
    keyId: z.string().nullable(),
    subject: z.string().nullable().meta({ description: 'The repository or workspace asked for.' }),
    status: z.int(),
    code: z.string().nullable(),
    charge: z.enum(['charged', 'refunded', 'free']),
    totalMs: z.number(),
    upstreamMs: z.number(),
    bytesOut: count,
    hungUp: z.boolean(),
    attempts: z.array(
      z.object({
        exit: z.string(),
        verdict: z.string(),
        status: z.int().nullable(),
        afterMs: z.number(),
        durationMs: z.number(),
        bytesUp: count,
        bytesDown: count,
        isHedge: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Story' });

/** A list's `data`: what there is, and what `cursor` takes for the rest. */
export const listOf = <Value extends z.ZodType>(value: Value) =>
  z.object({ values: z.array(value), next: z.string().optional() });

const isoOrNull = (ms: number | null) => (ms === null ? null : isoOf(ms));

export const accountData = (account: Account) => ({
  id: account.id,
  name: account.name,
  plan: account.plan,
  ...limitsOf(account),
  suspended: account.suspended,
  expiresAt: isoOrNull(account.expiresAtMs),
});

export const keyData = ({ id, accountId, createdAtMs, endsAtMs }: KeyView) => ({
  id,
  account: accountId,
  createdAt: isoOf(createdAtMs),
  endsAt: isoOrNull(endsAtMs),
});

export const auditData = ({ atMs, action, accountId, detail }: AuditView) => ({
  at: isoOf(atMs),
  action,
  account: accountId,
  detail,
});

export const exitData = (exit: ExitView) => ({ ...exit });
