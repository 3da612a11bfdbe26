/** A process of its own with a store of its own: does with the registry what it is told over IPC. */
import { systemClock } from '../../src/domain/clock.ts';
import { openStores } from '../../src/open-stores.ts';

interface Told {
  readonly number: number;
  readonly method: 'create' | 'createAccount' | 'rotate' | 'revoke' | 'change';
  readonly args: readonly unknown[];
}

const log = { debug() {}, info() {}, warn() {}, error() {} };
const { registry } = await openStores(process.argv[2] ?? '', { role: 'tool', clock: systemClock, log });

process.on('message', ({ number, method, args }: Told) => {
  const act = registry[method] as (...args: readonly unknown[]) => Promise<unknown>;
  act(...args).then(
    (result) => process.send?.({ number, result }),
    (error: Error) => process.send?.({ number, error: error.message }),
  );
});
process.send?.({ ready: true });
