import { createInterface } from 'node:readline';
import { systemClock } from '../../src/domain/clock.ts';
import { openMeter } from '../../src/limits/open-meter.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { accountWith, calls, tally } from './spend.ts';

/** A gateway's meter as a process of its own: for each line `account month calls`, that many calls at once. */
const log = { debug() {}, info() {}, warn() {}, error() {} };
const backend = await openBackend(process.argv[2] ?? '', { role: 'gateway', clock: systemClock, log });
const meter = openMeter(backend);
process.stdout.write('ready\n');

for await (const line of createInterface(process.stdin)) {
  const [id = '', month = '', times = ''] = line.split(' ');
  const verdicts = await calls([meter], accountWith(Number(month), 1_000_000, id), Number(times));
  process.stdout.write(`${JSON.stringify(tally(verdicts))}\n`);
}
await meter.close();
await backend.close();
