import type { Clock } from '../domain/clock.ts';
import { createHealth, type Health } from './health.ts';
import { createServerClock, type ServerClock } from './server-clock.ts';

/** Writes and tells the time: a server that cannot be written to is not back. */
export const PROBE = `
  redis.call('SET', KEYS[1], 1, 'PX', 10000)
  return redis.call('TIME')`;

/** One server, as far as it is known. */
export interface RedisNode {
  readonly health: Health;
  readonly clock: ServerClock;
  /** Of what was sent to it last: its probe writes in the same slot. */
  lastKey: string;
  /** Runs its probe. Rejects with what the server says. */
  askTime(): Promise<void>;
  /** Its connection is gone: the next may lead to another server. */
  disconnected(): void;
}

export interface RedisNodeOptions {
  readonly clock: Clock;
  readonly awayAfterMs: number;
  /** Runs `PROBE` on a key; seconds and microseconds. */
  probe(key: string): Promise<[string, string]>;
  onBack(wasLost: boolean): void;
}

export function createRedisNode({ clock, awayAfterMs, probe, onBack }: RedisNodeOptions): RedisNode {
  const serverClock = createServerClock();
  let isNew = true;
  const node: RedisNode = {
    clock: serverClock,
    lastKey: '',
    health: createHealth({
      clock,
      awayAfterMs,
      afterPoll: (work) => setImmediate(work),
      probe: () => node.askTime(),
      onBack,
    }),
    askTime: async () => {
      const writtenAtMs = clock.monotonic();
      const [seconds, micros] = await probe(probeKeyOf(node.lastKey));
      const serverMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
      if (isNew) serverClock.relearn(serverMs, writtenAtMs);
      else serverClock.learn(serverMs, writtenAtMs);
      isNew = false;
    },
    disconnected: () => {
      isNew = true;
      node.health.lose(new Error('closed'));
    },
  };
  return node;
}

/** In the same slot as `key`. */
function probeKeyOf(key: string): string {
  const tag = /\{[^}]+\}/.exec(key)?.[0] ?? `{${key}}`;
  return `gateway:probe:${tag}`;
}
