import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { type RedisServer, startRedis } from './redis-server.ts';
import { type Relay, startRelay } from './relay.ts';

/** A primary and its replica behind one name, before the two change places. */
export interface Failover {
  /** What a gateway connects to. */
  readonly url: string;
  readonly relay: Relay;
  /** The one that was primary, and the one that is to be. */
  readonly primary: Redis;
  readonly replica: Redis;
  /** The replica follows nobody any more, and the primary follows it: it refuses writes. */
  demote(): Promise<void>;
  /** The name leads to the new primary. */
  pointOn(): void;
  end(): Promise<void>;
}

const portOf = ({ url }: RedisServer) => Number(new URL(url).port);

/** Starts a replica of `redis` and a relay before it; settles when the replica has caught up. */
export async function startFailover(redis: RedisServer): Promise<Failover> {
  const other = await startRedis();
  const relay = await startRelay(portOf(redis));
  const [primary, replica] = [new Redis(redis.url), new Redis(other.url)];
  await replica.replicaof('127.0.0.1', portOf(redis));
  await expect
    .poll(() => replica.info('replication'), { timeout: 10_000 })
    .toContain('master_link_status:up');
  return {
    url: `redis://127.0.0.1:${relay.port}`,
    relay,
    primary,
    replica,
    demote: async () => {
      await replica.replicaof('NO', 'ONE');
      await primary.replicaof('127.0.0.1', portOf(other));
    },
    pointOn: () => relay.pointTo(portOf(other)),
    end: async () => {
      primary.disconnect();
      replica.disconnect();
      relay.close();
      await other.stop();
    },
  };
}
