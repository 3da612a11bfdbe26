import { Cluster, type Redis } from 'ioredis';
import type { Clock } from '../domain/clock.ts';
import { type Pulse, silentPulse } from '../domain/pulse.ts';
import { AwayError } from './health.ts';
import { slotOf } from './key-slot.ts';
import { createScript, type RedisClient } from './redis.ts';
import { createRedisNode, PROBE, type RedisNode } from './redis-node.ts';
import type { ServerClock } from './server-clock.ts';

/** A server says with these that it cannot serve for now: a demoted primary, one that loads, one that is full. */
const CANNOT_SERVE = /^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|OOM|MISCONF|NOREPLICAS)\b/;

/** The one way to the servers behind a client, with one health for each. */
export interface RedisLink {
  /** How long a server may be silent until it counts as away, ms. */
  readonly awayAfterMs: number;
  /**
   * Calls `send` when it is its turn to write, with the moment, and resolves with its answer. Rejects with
   * `AwayError` as soon as the server of `key` is known to be away; what was sent may still be done then.
   */
  run<Result>(key: string, send: (writtenAtMs: number) => Promise<Result>): Promise<Result>;
  isAway(key: string): boolean;
  /** How many servers are taken to be away. */
  serversAway(): number;
  clockOf(key: string): ServerClock;
  /** Calls `listener` each time a server is back, or one in its place (`wasLost`). */
  onBack(listener: (wasLost: boolean) => void): void;
  /** Tries a write on the server of `key` whatever is known of it. Rejects with what it says, or `AwayError`. */
  probe(key: string): Promise<void>;
  close(): void;
}

interface Letter {
  readonly key: string;
  send(server: RedisNode, writtenAtMs: number): void;
  refuse(error: AwayError): void;
}

export function createRedisLink(
  client: RedisClient,
  clock: Clock,
  awayAfterMs: number,
  pulse: Pulse = silentPulse,
): RedisLink {
  return new Link(client, clock, awayAfterMs, pulse);
}

class Link implements RedisLink {
  readonly awayAfterMs: number;
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #pulse: Pulse;
  readonly #newNode: () => RedisNode;
  readonly #nodes = new Map<string, RedisNode>();
  readonly #listeners: ((wasLost: boolean) => void)[] = [];
  /** What is written when it is the sockets' turn, so that its moment is known. */
  #outbox: Letter[] = [];

  constructor(client: RedisClient, clock: Clock, awayAfterMs: number, pulse: Pulse) {
    this.#pulse = pulse;
    this.#client = client;
    this.#clock = clock;
    this.awayAfterMs = awayAfterMs;
    const probe = createScript<[string, string]>(client, 'gatewayProbe', 1, PROBE);
    const onBack = (wasLost: boolean) => {
      for (const listener of this.#listeners) listener(wasLost);
    };
    this.#newNode = () => createRedisNode({ clock, awayAfterMs, probe, onBack });
    if (!(client instanceof Cluster)) followConnection(client, this.#nodeOf('gateway'));
  }

  run<Result>(key: string, send: (writtenAtMs: number) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#post({
        key,
        refuse: reject,
        send: ({ health }, writtenAtMs) => {
          health.watch(send(writtenAtMs)).then(
            (answer) => {
              this.#pulse.storeAnswered(this.#clock.monotonic() - writtenAtMs);
              resolve(answer);
            },
            (error) => {
              if (cannotServe(error)) health.lose(error);
              reject(error);
            },
          );
        },
      });
    });
  }

  isAway(key: string): boolean {
    return this.#nodeOf(key).health.isAway();
  }

  serversAway(): number {
    return [...this.#nodes.values()].filter(({ health }) => health.isAway()).length;
  }

  clockOf(key: string): ServerClock {
    return this.#nodeOf(key).clock;
  }

  onBack(listener: (wasLost: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async probe(key: string): Promise<void> {
    const node = this.#nodeOf(key);
    if (node.health.isAway()) throw node.health.awayError();
    await node.health.watch(node.askTime());
  }

  close(): void {
    for (const { health } of this.#nodes.values()) health.close();
  }

  /** The server that has `key`: the one there is, or in a cluster the owner of its slot. */
  #nodeOf(key: string): RedisNode {
    const name = this.#client instanceof Cluster ? (this.#client.slots[slotOf(key)]?.[0] ?? '') : '';
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = this.#newNode();
      this.#nodes.set(name, node);
    }
    node.lastKey = key;
    return node;
  }

  #post(letter: Letter): void {
    if (this.#outbox.length === 0) setImmediate(() => this.#flush());
    this.#outbox.push(letter);
  }

  #flush(): void {
    const letters = this.#outbox;
    this.#outbox = [];
    const stream = this.#client instanceof Cluster ? undefined : this.#client.stream;
    stream?.cork?.();
    for (const letter of letters) {
      const node = this.#nodeOf(letter.key);
      if (node.health.isAway()) letter.refuse(node.health.awayError());
      else letter.send(node, this.#clock.monotonic());
    }
    stream?.uncork?.();
  }
}

const cannotServe = (error: Error) =>
  !(error instanceof AwayError) && (error.name !== 'ReplyError' || CANNOT_SERVE.test(error.message));

/** A lost connection is a verdict at once; with a new one everything guessed about the server's clock is old. */
function followConnection(client: Redis, node: RedisNode): void {
  client.on('close', () => node.disconnected());
  client.on('ready', () => node.health.tryNow());
}
