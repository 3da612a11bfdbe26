import { limitsOf } from '../domain/account.ts';
import type { Call } from '../domain/call.ts';
import { Failure } from '../domain/failure.ts';
import type { Ledger } from './ledger.ts';
import { periodEndMs } from './period.ts';

/** The gate of the month, and the way back for a call whose end was not the caller's doing. */
export function createSpendQuota({ ledger }: { readonly ledger: Ledger }) {
  return {
    /** Charges the call to the month it came in. Throws `quota_exhausted`. */
    spend: async (call: Call): Promise<void> => {
      if (call.caller === null) throw new Error('the month is spent behind authentication');
      const { account } = call.caller;
      call.charge = await ledger.spend(account, call.receivedAtMs);
      if (call.charge !== null) return;
      const endMs = periodEndMs(call.receivedAtMs);
      throw new Failure(
        'quota_exhausted',
        `All ${limitsOf(account).callsPerMonth} calls of this month are used. The next month begins at ${new Date(endMs).toISOString()}; a larger plan goes on at once.`,
        { retryAfterMs: endMs - call.receivedAtMs },
      );
    },
    /** Gives the call back, once. A store that is away keeps the answer waiting for nothing. */
    refund: async (call: Call): Promise<void> => {
      if (call.charge !== null) await ledger.refund(call.charge);
    },
  };
}
