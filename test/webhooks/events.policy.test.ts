import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { createQuotaWarnings, type QuotaReached } from '../../src/limits/quota-warnings.ts';
import { eventsOfAudit, quotaEventOf } from '../../src/webhook-events.ts';
import { webhookBodyOf } from '../../src/webhooks/event.ts';
import { webhookSignatureOf } from '../../src/webhooks/signature.ts';

const NOW = Date.parse('2026-06-15T12:00:00.500Z');
const acme: Account = {
  ...({ id: 'acct_1', name: 'acme', plan: 'pro', overrides: { callsPerMonth: 100 } } as const),
  ...{ suspended: false, expiresAtMs: null },
};
const account = { id: 'acct_1', name: 'acme', plan: 'pro' };
const row = { number: 7, atMs: NOW, accountId: 'acct_1', action: 'suspend', detail: '' };

describe('what the audit tells', () => {
  it.each([
    ['create', 'key K1, plan pro', [['key.created', { account, key: { id: 'K1', replaces: null } }]]],
    [
      'rotate',
      'key K1 to K2, overlap 90 s',
      [
        ['key.created', { account, key: { id: 'K2', replaces: 'K1' } }],
        [
          'key.revoked',
          { account, key: { id: 'K1', ends_at: '2026-06-15T12:01:30.500Z', replaced_by: 'K2' } },
        ],
      ],
    ],
    [
      'revoke',
      'key K1',
      [
        [
          'key.revoked',
          { account, key: { id: 'K1', ends_at: '2026-06-15T12:00:00.500Z', replaced_by: null } },
        ],
      ],
    ],
    ['suspend', '', [['account.suspended', { account }]]],
    ['resume', '', [['account.resumed', { account }]]],
    ['set-plan', 'mega', []],
  ])('%s: %s', (action, detail, told) => {
    const events = eventsOfAudit({ ...row, action, detail }, acme);
    expect(events.map(({ type, data }) => [type, data])).toEqual(told);
    for (const event of events) expect(event).toMatchObject({ accountId: 'acct_1', createdAtMs: NOW });
  });

  it('has an id of its own for each thing, and the same whenever it is read', () => {
    const rotate = { ...row, action: 'rotate', detail: 'key K1 to K2, overlap 0 s' };
    const rows = [
      row,
      { ...row, number: 8 },
      { ...row, atMs: NOW + 1 },
      { ...row, action: 'resume' },
      rotate,
    ];
    const ids = rows.flatMap((each) => eventsOfAudit(each, acme)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(ids.every((id) => /^evt_[0-9a-f]{24}$/.test(id))).toBe(true);
    expect(eventsOfAudit(row, { ...acme, plan: 'mega' })[0]?.id).toBe(ids[0]);
  });
});

describe('quotas', () => {
  const watch = (start = NOW) => {
    const said: object[] = [];
    const reached: QuotaReached[] = [];
    const log = {
      debug: () => {},
      info: () => {},
      warn: (fields: object) => void said.push(fields),
      error: () => {},
    };
    const warn = createQuotaWarnings(log, (news) => reached.push(news));
    const use = (used: number, more: { limit?: number; atMs?: number; of?: Account } = {}) => {
      const { limit = 100, atMs = start, of = acme } = more;
      warn(of, { limit, remaining: limit - used }, atMs);
    };
    return { use, said, reached, levels: () => reached.map(({ percent, used }) => `${percent} at ${used}`) };
  };

  it('are told at 80, 90 and 100 %, once each and not before', () => {
    const { use, said, levels, reached } = watch();
    for (const used of [0, 79, 80, 81, 89, 90, 99, 100, 100]) use(used);
    expect(levels()).toEqual(['80 at 80', '90 at 90', '100 at 100']);
    expect(said[0]).toEqual({ account: 'acct_1', name: 'acme', period: '2026-06', percent: 80, limit: 100 });
    expect(reached[0]).toEqual({
      account: acme,
      period: '2026-06',
      percent: 80,
      limit: 100,
      used: 80,
      atMs: NOW,
    });
  });

  it('are all told where one call comes past them', () => {
    const { use, levels } = watch();
    use(100);
    expect(levels()).toEqual(['80 at 100', '90 at 100', '100 at 100']);
  });

  it('are told again of another month, limit or account', () => {
    const { use, levels } = watch();
    use(85);
    use(85, { atMs: NOW + 30 * 86_400_000 });
    use(170, { limit: 200 });
    use(85, { of: { ...acme, id: 'acct_2' } });
    use(85);
    expect(levels()).toEqual(['80 at 85', '80 at 85', '80 at 170', '80 at 85']);
  });

  it('have one id for an account, a month, a limit and a level, whoever finds them', () => {
    const news: QuotaReached = {
      account: acme,
      period: '2026-06',
      percent: 80,
      limit: 100,
      used: 80,
      atMs: NOW,
    };
    const event = quotaEventOf(news);
    expect(event).toEqual({
      ...{ id: expect.stringMatching(/^evt_[0-9a-f]{24}$/), type: 'quota.reached', accountId: 'acct_1' },
      createdAtMs: NOW,
      data: { account, period: '2026-06', percent: 80, limit: 100, used: 80 },
    });
    expect(quotaEventOf({ ...news, used: 83, atMs: NOW + 5 }).id).toBe(event.id);
    const others = [
      { ...news, percent: 100 as const },
      { ...news, limit: 200 },
      { ...news, period: '2026-07' },
      { ...news, account: { ...acme, id: 'acct_2' } },
    ];
    expect(new Set([news, ...others].map((each) => quotaEventOf(each).id)).size).toBe(5);
  });
});

describe('what is sent', () => {
  const event = quotaEventOf({
    account: acme,
    period: '2026-06',
    percent: 80,
    limit: 100,
    used: 80,
    atMs: NOW,
  });

  it('has id, type, moment and data, in this order', () => {
    const body = JSON.parse(webhookBodyOf(event));
    expect(Object.keys(body)).toEqual(['id', 'type', 'created_at', 'data']);
    expect(body).toMatchObject({
      id: event.id,
      type: 'quota.reached',
      created_at: '2026-06-15T12:00:00.500Z',
    });
  });

  it('is signed together with the second of its sending', () => {
    const t = Math.floor(NOW / 1_000);
    const v1 = createHmac('sha256', 'secret').update(`${t}.{"é":1}`).digest('hex');
    expect(webhookSignatureOf('secret', '{"é":1}', NOW)).toBe(`t=${t},v1=${v1}`);
  });
});
