import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKey } from '../../src/keys/key.ts';
import type { Made } from '../../src/keys/settle.ts';
import type { Stores } from '../../src/open-stores.ts';
import { describeStores, NOW, newName, terms } from './rooms.ts';

interface Outcome {
  readonly number: number;
  readonly result?: Made;
  readonly error?: string;
}

interface Contender {
  tell(method: string, ...args: unknown[]): Promise<Outcome>;
  stop(): Promise<void>;
}

async function startContender(url: string): Promise<Contender> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'contender.ts'), [url]);
  const waiting = new Map<number, (outcome: Outcome) => void>();
  await new Promise((resolve) => child.once('message', resolve));
  child.on('message', (outcome: Outcome) => waiting.get(outcome.number)?.(outcome));
  let number = 0;
  return {
    tell: (method, ...args) => {
      number += 1;
      const told = number;
      return new Promise((resolve) => {
        waiting.set(told, resolve);
        child.send({ number: told, method, args });
      });
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill();
      }),
  };
}

const ROUNDS = 20;

describeStores('two processes at once', ({ url, open }) => {
  let stores: Stores;
  let one: Contender;
  let two: Contender;
  beforeAll(async () => {
    stores = await open();
    [one, two] = await Promise.all([startContender(url()), startContender(url())]);
  });
  afterAll(async () => {
    await one?.stop();
    await two?.stop();
    await stores.close();
  });

  it('revoke beside rotate never leaves the old key alive', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const old = createKey('live');
      await stores.registry.create(terms(), old, NOW);
      await Promise.all([
        one.tell('rotate', old.id, createKey('live'), 86_400_000, NOW),
        two.tell('revoke', old.id, NOW),
      ]);
      expect((await stores.registry.key(old.id)).key.endsAtMs, `round ${round}`).toBe(NOW);
    }
  });

  it('suspend beside set-plan loses neither', async () => {
    const { account } = await stores.registry.create(terms(), createKey('live'), NOW);
    for (let round = 0; round < ROUNDS; round += 1) {
      const suspended = round % 2 === 0;
      const plan = suspended ? 'mega' : 'free';
      await Promise.all([
        one.tell('change', account.id, { suspended }, NOW),
        two.tell('change', account.name, { plan }, NOW),
      ]);
      expect(await stores.registry.account(account.id), `round ${round}`).toMatchObject({ suspended, plan });
    }
  });

  it('no two accounts of one name', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const wanted = terms();
      const outcomes = await Promise.all(
        [one, two, one, two].map((contender) =>
          contender.tell('createAccount', wanted, createKey('live'), NOW),
        ),
      );
      expect(
        outcomes.filter(({ result }) => result !== undefined),
        `round ${round}`,
      ).toHaveLength(1);
      const created = await Promise.all(
        [one, two].map((contender) => contender.tell('create', wanted, createKey('live'), NOW)),
      );
      const { id } = await stores.registry.account(wanted.name);
      expect(created.map(({ result }) => result?.account.id)).toEqual([id, id]);
    }
  });

  it('ten clients with one Idempotency-Key make one account', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const wanted = terms();
      const once = { name: newName(), fingerprint: 'body' };
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? one : two).tell('createAccount', wanted, createKey('live'), NOW, once),
        ),
      );
      const made = outcomes.map(({ result }) => result);
      expect(made.filter((result) => result?.isReplay === false)).toHaveLength(1);
      expect(new Set(made.map((result) => result?.keyId)).size).toBe(1);
      expect((await stores.registry.keys({ account: wanted.name })).values).toHaveLength(1);
    }
  });
});
