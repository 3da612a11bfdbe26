import { Agent } from 'node:http';
import { createKey } from '../../../src/keys/key.ts';
import type { Drill } from '../drill.ts';
import { call, load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway } from '../processes.ts';
import { tallyOf } from '../tally.ts';

export const unknownKeys: Drill = {
  name: 'unknown-keys',
  promise: 'a flood of unknown keys, from one address and from many, costs callers with a key nothing',
  run: async (ground, isShort) => {
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    const good = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: isShort ? 150 : 1_000,
      perSecond: 50,
    });
    const flood = await Promise.all(
      ['junk', 'well formed'].flatMap((kind) =>
        [1, 250].map((addresses) => floodOf(gateway.url, kind, addresses, isShort ? 400 : 4_000)),
      ),
    );
    const answers = [...(await good), ...flood.flat()];
    return tallyOf({ answers, allowed: ['key_invalid', 'rate_exceeded'], rssMb: gateway.rssMb() });
  },
};

async function floodOf(url: string, kind: string, addresses: number, calls: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const answers = await Promise.all(
    Array.from({ length: calls }, (_, i) =>
      call({
        url: url + REPO,
        key: kind === 'junk' ? `junk-${i}` : createKey('live').key,
        account: 'nobody',
        // The good caller has an address of its own.
        localAddress: `127.66.${addresses === 1 ? 0 : 1}.${1 + (i % addresses)}`,
        agent,
        timeoutMs: 60_000,
      }),
    ),
  );
  agent.destroy();
  return answers;
}
