import { type Account, limitsOf } from '../domain/account.ts';
import { Failure } from '../domain/failure.ts';
import type { Log } from '../domain/log.ts';
import type { Breaker } from '../store/breaker.ts';
import { createScript, type RedisClient } from '../store/redis.ts';
import type { KeptLedger, Usage } from './ledger.ts';
import { periodOf } from './period.ts';

const INDEX = 'gateway:usage-index';

/**
 * A month is one hash: for each gateway what it spent and what it gave back. Both only grow, and a gateway says with
 * every step how far its own have come, so that the larger one stands: what a failover forgot, or what was served
 * while the store was away, is there again with the next step, once.
 */
const MERGE = `
  local function merge(field, own)
    local kept = tonumber(redis.call('HGET', KEYS[1], field) or '0')
    local count = math.max(kept, tonumber(own))
    if count > kept then redis.call('HSET', KEYS[1], field, count) end
    return count
  end
  local spent = merge('s:' .. ARGV[1], ARGV[2])
  merge('r:' .. ARGV[1], ARGV[3])
  local used = 0
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 's' then used = used + all[i + 1] else used = used - all[i + 1] end
  end`;

const READ = `${MERGE}
  return used`;

const SPEND = `${MERGE}
  if used >= tonumber(ARGV[4]) then return -1 end
  redis.call('HSET', KEYS[1], 's:' .. ARGV[1], spent + 1)
  return used + 1`;

/** An account's month as this gateway knows it. */
interface Own {
  readonly accountId: string;
  readonly period: string;
  /** Of this gateway; both only grow. */
  spent: number;
  refunded: number;
  /** Of all gateways, when last heard; own changes since then included. */
  used: number;
  /** Changes that the store has not heard of. */
  unheard: number;
}

/**
 * The month in Redis, exact over all gateways. While the store is away, an account seen before goes on within a
 * grant of 0.2 % of its month (100 calls at most); one never seen is refused with `store_unavailable`.
 */
export function createRedisLedger(
  client: RedisClient,
  breaker: Breaker,
  log: Log,
  gatewayId: string,
): KeptLedger {
  const spendScript = createScript<number>(client, 'gatewaySpend', 1, SPEND);
  const readScript = createScript<number>(client, 'gatewayReadMonth', 1, READ);
  const months = new Map<string, Own>();
  let isCatchingUp = false;

  const keyOf = (accountId: string, period: string) => `gateway:usage:{${accountId}}:${period}`;
  const nameOf = (accountId: string, period: string) => `${accountId} ${period}`;

  const tell = (script: typeof spendScript, own: Own, ...more: number[]) =>
    script(keyOf(own.accountId, own.period), gatewayId, own.spent, own.refunded, ...more).then(Number);

  /** Tells the store what it has not heard; what fails stays for the next time. */
  const catchUp = async () => {
    if (isCatchingUp || !breaker.isClosed()) return;
    isCatchingUp = true;
    try {
      await tellAll();
    } finally {
      isCatchingUp = false;
    }
  };

  const tellAll = async () => {
    for (const own of months.values()) {
      const { unheard } = own;
      if (unheard === 0) continue;
      own.used = await tell(readScript, own);
      own.unheard -= unheard;
      await client.sadd(INDEX, nameOf(own.accountId, own.period));
      log.info(
        { account: own.accountId, period: own.period, calls: unheard },
        'what the store had not heard was told',
      );
    }
  };

  const monthOf = (accountId: string, period: string): Own | undefined =>
    months.get(nameOf(accountId, period));

  const firstMonth = async (accountId: string, period: string): Promise<Own> => {
    const own: Own = { accountId, period, spent: 0, refunded: 0, used: 0, unheard: 0 };
    own.used = await tell(readScript, own);
    await client.sadd(INDEX, nameOf(accountId, period));
    // Another call may have been first meanwhile; there is one count per gateway.
    const known = monthOf(accountId, period) ?? own;
    months.set(nameOf(accountId, period), known);
    return known;
  };

  const spendOnline = async (account: Account, period: string): Promise<boolean> => {
    const own = monthOf(account.id, period) ?? (await firstMonth(account.id, period));
    const used = await tell(spendScript, own, limitsOf(account).callsPerMonth);
    if (used === -1) return false;
    own.spent += 1;
    own.used = used;
    return true;
  };

  const spendOffline = (account: Account, period: string, cause: unknown): boolean => {
    const own = monthOf(account.id, period);
    const quota = limitsOf(account).callsPerMonth;
    const grant = Math.min(100, Math.max(1, Math.floor(quota / 500)));
    if (own === undefined || own.unheard >= grant) {
      throw new Failure('store_unavailable', 'Calls cannot be counted right now. Try again.', {
        retryAfterMs: 1_000,
        cause,
      });
    }
    if (own.used >= quota) return false;
    own.spent += 1;
    own.used += 1;
    own.unheard += 1;
    return true;
  };

  const usedIn = async (accountId: string, period: string): Promise<number> => {
    const counts = Object.entries(await client.hgetall(keyOf(accountId, period)));
    return counts.reduce(
      (sum, [field, count]) => sum + (field.startsWith('s') ? Number(count) : -Number(count)),
      0,
    );
  };

  return {
    spend: async (account, atMs) => {
      const period = periodOf(atMs);
      const admitted = await breaker
        .run(() => spendOnline(account, period))
        .then((decision) => {
          catchUp().catch(() => {});
          return decision;
        })
        .catch((cause) => spendOffline(account, period, cause));
      return admitted ? { accountId: account.id, period, refunded: false } : null;
    },
    refund: async (charge) => {
      if (charge.refunded) return;
      charge.refunded = true;
      const own = monthOf(charge.accountId, charge.period);
      if (own === undefined) return;
      own.refunded += 1;
      own.used -= 1;
      own.unheard += 1;
      catchUp().catch(() => {});
    },
    read: async (account, atMs) => {
      const limit = limitsOf(account).callsPerMonth;
      const period = periodOf(atMs);
      const own = monthOf(account.id, period);
      const reading = breaker.run(() =>
        own === undefined ? usedIn(account.id, period) : tell(readScript, own),
      );
      const used = await reading.catch((error) => {
        if (own === undefined) throw error;
        return own.used;
      });
      return { limit, remaining: Math.max(0, limit - used) };
    },
    usage: async () => {
      const names = (await client.smembers(INDEX)).sort().map((name) => name.split(' ') as [string, string]);
      return Promise.all(
        names.map(
          async ([accountId, period]): Promise<Usage> => ({
            accountId,
            period,
            used: await usedIn(accountId, period),
          }),
        ),
      );
    },
    write: async (rows) => {
      for (const { accountId, period, used } of rows) {
        await client.hset(keyOf(accountId, period), 's:copied', used);
        await client.sadd(INDEX, nameOf(accountId, period));
      }
    },
    close: async () => {
      await tellAll().catch((error) =>
        log.error({ cause: String(error) }, 'calls served without the store could not be told'),
      );
    },
  };
}
