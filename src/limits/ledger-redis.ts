import { type Account, limitsOf } from '../domain/account.ts';
import type { Charge } from '../domain/call.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Log } from '../domain/log.ts';
import { createBreaker } from '../store/breaker.ts';
import { createScript, type RedisClient } from '../store/redis.ts';
import type { KeptLedger, Usage } from './ledger.ts';
import { periodOf } from './period.ts';

/** A command that reaches the server later than this after it was sent does nothing, us: its caller has gone on. */
const LATEST_US = 100_000;
const INDEX = 'gateway:usage-index';

const SPEND = `
  local time = redis.call('TIME')
  if time[1] * 1000000 + time[2] > tonumber(ARGV[2]) then return -2 end
  local used = tonumber(redis.call('GET', KEYS[1]) or '0')
  if used >= tonumber(ARGV[1]) then return -1 end
  return redis.call('INCR', KEYS[1])`;

/** An account's month as this gateway last saw it, for the time that the store is away. */
interface Seen {
  used: number;
  /** Admitted while the store was away, not yet written. */
  owed: number;
}

/**
 * The month in Redis, exact over all gateways. While the store is away, an account seen before goes on within a
 * grant of 0.2 % of its month (100 calls at most); what was served then is charged once it is back. An account
 * never seen is refused.
 */
export function createRedisLedger(client: RedisClient, clock: Clock, log: Log): KeptLedger {
  const spend = createScript<number>(client, 'gatewaySpend', 1, SPEND);
  const breaker = createBreaker(clock);
  const seen = new Map<string, Seen>();
  let offsetUs: number | null = null;
  let owing = false;

  const keyOf = (accountId: string, period: string) => `gateway:usage:{${accountId}}:${period}`;
  const nameOf = (accountId: string, period: string) => `${accountId} ${period}`;
  const ownUs = () => clock.monotonic() * 1_000;

  /** How far the server's clock is ahead of our own, taken late rather than early. */
  const measure = async () => {
    const [seconds, micros] = await client.time();
    offsetUs = Number(seconds) * 1_000_000 + Number(micros) - ownUs();
  };

  const trySpend = async (accountId: string, period: string, quota: number): Promise<number> => {
    if (offsetUs === null) await measure();
    const used = Number(
      await spend(keyOf(accountId, period), quota, Math.round(ownUs() + (offsetUs ?? 0) + LATEST_US)),
    );
    if (used !== -2) return used;
    offsetUs = null;
    throw new Error('the command came too late');
  };

  /** Writes what was served without the store. What fails stays owed. */
  const settle = async () => {
    owing = false;
    for (const [name, state] of seen) {
      if (state.owed === 0) continue;
      const [accountId = '', period = ''] = name.split(' ');
      const amount = state.owed;
      state.owed = 0;
      try {
        state.used = Number(await client.incrby(keyOf(accountId, period), amount));
        await client.sadd(INDEX, name);
        log.info(
          { account: accountId, period, calls: amount },
          'calls served without the store were charged',
        );
      } catch {
        state.owed += amount;
        owing = true;
      }
    }
  };

  const grantedOffline = (account: Account, period: string): boolean => {
    const quota = limitsOf(account).callsPerMonth;
    const state = seen.get(nameOf(account.id, period));
    if (state === undefined)
      throw new Failure('store_unavailable', 'Calls cannot be counted right now. Try again.', {
        retryAfterMs: 1_000,
      });
    const grant = Math.min(100, Math.max(1, Math.floor(quota / 500)));
    if (state.owed >= grant)
      throw new Failure('store_unavailable', 'Calls cannot be counted right now. Try again.', {
        retryAfterMs: 1_000,
      });
    if (state.used + state.owed >= quota) return false;
    state.owed += 1;
    owing = true;
    return true;
  };

  const used = async (accountId: string, period: string) =>
    Number((await client.get(keyOf(accountId, period))) ?? 0);

  return {
    spend: async (account, atMs) => {
      const period = periodOf(atMs);
      const name = nameOf(account.id, period);
      const charge: Charge = { accountId: account.id, period, refunded: false };
      try {
        const count = await breaker.run(() => trySpend(account.id, period, limitsOf(account).callsPerMonth));
        if (owing) await settle();
        if (count === -1) return null;
        if (!seen.has(name)) await client.sadd(INDEX, name);
        seen.set(name, { used: count, owed: seen.get(name)?.owed ?? 0 });
        return charge;
      } catch (error) {
        if (error instanceof Failure) throw error;
        return grantedOffline(account, period) ? charge : null;
      }
    },
    refund: async (charge) => {
      if (charge.refunded) return;
      charge.refunded = true;
      const state = seen.get(nameOf(charge.accountId, charge.period));
      try {
        await breaker.run(() => client.decr(keyOf(charge.accountId, charge.period)));
      } catch {
        // Owed to the caller: taken off what is settled next.
        if (state !== undefined) {
          state.owed -= 1;
          owing = true;
        }
      }
    },
    read: async (account, atMs) => {
      const limit = limitsOf(account).callsPerMonth;
      const period = periodOf(atMs);
      const state = seen.get(nameOf(account.id, period));
      const count = await breaker
        .run(() => used(account.id, period))
        .catch((error) => {
          if (state === undefined) throw error;
          return state.used;
        });
      return { limit, remaining: Math.max(0, limit - count - (state?.owed ?? 0)) };
    },
    usage: async () => {
      const names = (await client.smembers(INDEX)).map((name) => name.split(' ') as [string, string]);
      const rows = await Promise.all(
        names.map(
          async ([accountId, period]): Promise<Usage> => ({
            accountId,
            period,
            used: await used(accountId, period),
          }),
        ),
      );
      return rows.sort((a, b) => (a.period + a.accountId < b.period + b.accountId ? -1 : 1));
    },
    write: async (rows) => {
      for (const row of rows) {
        await client.set(keyOf(row.accountId, row.period), row.used);
        await client.sadd(INDEX, nameOf(row.accountId, row.period));
      }
    },
    close: async () => {
      if (owing) await settle();
    },
  };
}
