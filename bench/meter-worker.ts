import { systemClock } from '../src/domain/clock.ts';
import { openStores } from '../src/open-stores.ts';
import { accountWith, calls, tally } from '../test/limits/spend.ts';

/** Spends calls of one account as fast as it can and tells how many were admitted, one line per hundred. */
const [url = '', id = '', quota = '0', wanted = '0'] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const stores = await openStores(url, {
  role: url.startsWith('redis') ? 'gateway' : 'tool',
  clock: systemClock,
  log,
});
const account = accountWith(Number(quota), 1_000_000, id);

let admitted = 0;
for (let done = 0; done < Number(wanted); done += 100) {
  admitted += tally(await calls([stores.meter], account, 100)).granted ?? 0;
  process.stdout.write(`${admitted}\n`);
}
await stores.close();
process.exit(0);
