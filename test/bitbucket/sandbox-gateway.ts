import { start } from '../../src/start.ts';
import { createFaultyHouse } from './faults.ts';

/** The gateway of the sandbox: the real one, whose callers may ask for faults. */
const starting = start(createFaultyHouse);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void starting.then((gateway) => gateway.close()));
}
await starting;
