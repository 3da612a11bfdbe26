import { systemClock } from '../src/domain/clock.ts';
import { openStores } from '../src/open-stores.ts';

/** Spends calls of one account as fast as it can and tells how many were admitted, one line per hundred. */
const [url = '', id = '', quota = '0', calls = '0'] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const stores = await openStores(url, { role: 'tool', clock: systemClock, log });
const account = {
  id,
  name: id,
  plan: 'mega' as const,
  overrides: { callsPerMonth: Number(quota) },
  suspended: false,
  expiresAtMs: null,
};

let admitted = 0;
for (let done = 0; done < Number(calls); done += 100) {
  const charges = await Promise.all(
    Array.from({ length: 100 }, () => stores.ledger.spend(account, Date.now())),
  );
  admitted += charges.filter((charge) => charge !== null).length;
  process.stdout.write(`${admitted}\n`);
}
await stores.close();
process.exit(0);
