import { Cluster, type Redis } from 'ioredis';
import type { Clock } from '../domain/clock.ts';
import { AwayError, createHealth, type Health } from './health.ts';
import { slotOf } from './key-slot.ts';
import { createScript, type RedisClient } from './redis.ts';
import { createServerClock, type ServerClock } from './server-clock.ts';

/** A server says with these that it cannot serve for now: a demoted primary, one that loads, one that is full. */
const CANNOT_SERVE = /^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|OOM|MISCONF|NOREPLICAS)\b/;

/** Writes and tells the time: a server that cannot be written to is not back. */
const PROBE = `
  redis.call('SET', KEYS[1], 1, 'PX', 10000)
  return redis.call('TIME')`;

/** The one way to the servers behind a client, with one health for each. */
export interface RedisLink {
  /**
   * Calls `send` when it is its turn to write, with the moment, and resolves with its answer. Rejects with
   * `AwayError` as soon as the server of `key` is known to be away; what was sent may still be done then.
   */
  run<Result>(key: string, send: (writtenAtMs: number) => Promise<Result>): Promise<Result>;
  isAway(key: string): boolean;
  clockOf(key: string): ServerClock;
  /** Calls `listener` each time a server is back, or one in its place (`wasLost`). */
  onBack(listener: (wasLost: boolean) => void): void;
  /** Tries a write on the server of `key` whatever is known of it. Rejects with what it says, or `AwayError`. */
  probe(key: string): Promise<void>;
  close(): void;
}

interface Server {
  readonly health: Health;
  readonly clock: ServerClock;
  /** Of the commands sent to it lately: what its probe writes lives in the same slot. */
  probeKey: string;
  /** Whether the next answer of a probe is the first of a new connection. */
  isNew: boolean;
}

interface Letter {
  readonly key: string;
  send(writtenAtMs: number): void;
  refuse(error: AwayError): void;
}

export function createRedisLink(client: RedisClient, clock: Clock, awayAfterMs: number): RedisLink {
  const servers = new Map<string, Server>();
  const listeners: ((wasLost: boolean) => void)[] = [];
  const probe = createScript<[string, string]>(client, 'gatewayProbe', 1, PROBE);
  let outbox: Letter[] = [];

  const askTime = async (server: Server): Promise<void> => {
    const writtenAtMs = clock.monotonic();
    const [seconds, micros] = await probe(server.probeKey);
    const serverMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
    if (server.isNew) server.clock.relearn(serverMs, writtenAtMs);
    else server.clock.learn(serverMs, writtenAtMs);
    server.isNew = false;
  };

  const newServer = (): Server => {
    const server: Server = {
      clock: createServerClock(),
      probeKey: '',
      isNew: true,
      health: createHealth({
        clock,
        awayAfterMs,
        afterPoll: (work) => setImmediate(work),
        probe: () => askTime(server),
        onBack: (wasLost) => {
          for (const listener of listeners) listener(wasLost);
        },
      }),
    };
    return server;
  };

  const serverOf = (key: string): Server => {
    const name = client instanceof Cluster ? (client.slots[slotOf(key)]?.[0] ?? '') : '';
    let server = servers.get(name);
    if (server === undefined) {
      server = newServer();
      servers.set(name, server);
    }
    server.probeKey = probeKeyOf(key);
    return server;
  };

  const flush = () => {
    const letters = outbox;
    outbox = [];
    const stream = client instanceof Cluster ? undefined : client.stream;
    stream?.cork?.();
    for (const letter of letters) {
      const { health } = serverOf(letter.key);
      if (health.isAway()) letter.refuse(health.awayError());
      else letter.send(clock.monotonic());
    }
    stream?.uncork?.();
  };

  const post = (letter: Letter) => {
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(letter);
  };

  if (!(client instanceof Cluster)) followConnection(client, () => serverOf('gateway'));

  return {
    run: (key, send) =>
      new Promise((resolve, reject) =>
        post({
          key,
          refuse: reject,
          send: (writtenAtMs) => {
            const { health } = serverOf(key);
            health.watch(send(writtenAtMs)).then(resolve, (error) => {
              if (cannotServe(error)) health.lose(error);
              reject(error);
            });
          },
        }),
      ),
    isAway: (key) => serverOf(key).health.isAway(),
    clockOf: (key) => serverOf(key).clock,
    onBack: (listener) => listeners.push(listener),
    probe: async (key) => {
      const server = serverOf(key);
      const { health } = server;
      if (health.isAway()) throw health.awayError();
      await health.watch(askTime(server));
    },
    close: () => {
      for (const { health } of servers.values()) health.close();
    },
  };
}

const cannotServe = (error: Error) =>
  !(error instanceof AwayError) && (error.name !== 'ReplyError' || CANNOT_SERVE.test(error.message));

/** In the same slot as `key`. */
function probeKeyOf(key: string): string {
  const tag = /\{[^}]+\}/.exec(key)?.[0] ?? `{${key}}`;
  return `gateway:probe:${tag}`;
}

/** A lost connection is a verdict at once; with a new one everything guessed about the server's clock is old. */
function followConnection(client: Redis, server: () => Server): void {
  client.on('close', () => {
    server().isNew = true;
    server().health.lose(new Error('closed'));
  });
  client.on('ready', () => server().health.tryNow());
}
