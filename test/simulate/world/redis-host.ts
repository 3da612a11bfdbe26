import net from 'node:net';
import type { Duplex } from 'node:stream';
import { createInProcessRedis, type InProcessRedis } from '../redis/server.ts';
import { createLine } from './line.ts';
import type { Machine } from './machine.ts';
import type { Time } from './time.ts';

/** The Redis of a run, behind one name for every machine. */
export interface RedisHost {
  readonly redis: InProcessRedis;
  /** Where `machine` finds it, as `STORE_URL`. */
  urlFor(machine: Machine): string;
  /** The server's own calendar. */
  jump(ms: number): void;
  /** A copy as a replica has it. */
  snapshot(): ReturnType<InProcessRedis['keys']['snapshot']>;
  /** Another server stands behind the name: connections are cut, and what came after `snapshot` is lost. */
  failOver(snapshot: ReturnType<InProcessRedis['keys']['snapshot']>): void;
  /** Answers are kept back from now on, until `speak`. */
  mute(): void;
  speak(): void;
  /** Connections that are open. */
  open(): number;
}

type Dialled = (host: string) => Duplex | undefined;

let dial: Dialled = () => undefined;
let shared: InProcessRedis | null = null;
let serverNow = () => 0;

/** ioredis opens its sockets with this; names that end in `.sim` lead to the server of this process. */
function takeOverConnections(): void {
  const real = net.createConnection;
  net.createConnection = ((...args: unknown[]) => {
    const { host = '' } = args[0] as { host?: string };
    return dial(host) ?? (real as (...args: unknown[]) => unknown)(...args);
  }) as typeof net.createConnection;
}

/** Lua is slow to start: one server for all runs of a process, empty at the beginning of each. */
export async function createRedisHost(
  time: Time,
  epochMs: number,
  latencyMs: () => number,
): Promise<RedisHost> {
  if (shared === null) {
    takeOverConnections();
    shared = await createInProcessRedis(
      () => serverNow(),
      (work) => work(),
    );
  }
  const redis = shared;
  let calendarMs = epochMs;
  let open = 0;
  let isMute = false;
  const unsaid: (() => void)[] = [];
  serverNow = () => time.now() + calendarMs;
  redis.execute(['FLUSHALL']);
  redis.execute(['SCRIPT', 'FLUSH']);
  redis.resume();
  redis.demote(false);
  redis.start();

  const machines: Machine[] = [];
  dial = (host) => {
    const machine = machines[Number(/^m(\d+)\.sim$/.exec(host)?.[1] ?? -1)];
    if (machine === undefined) return undefined;
    return createLine({
      time,
      machine,
      latencyMs,
      accept: (line) => {
        const server = redis.connect();
        open += 1;
        server.on('data', (bytes: Buffer) => {
          if (isMute) unsaid.push(() => line.send(bytes));
          else line.send(bytes);
        });
        server.on('error', () => {});
        server.once('end', () => line.end());
        server.once('close', () => {
          open -= 1;
          line.end(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        });
        return {
          receive: (bytes) => void (server.destroyed || server.write(bytes)),
          closed: () => void server.destroy(),
        };
      },
    });
  };

  return {
    redis,
    urlFor: (machine) => {
      const number = machines.push(machine) - 1;
      return `redis://m${number}.sim:6379`;
    },
    jump: (ms) => {
      calendarMs += ms;
    },
    snapshot: () => redis.keys.snapshot(),
    failOver: (snapshot) => {
      redis.stop();
      redis.resume();
      redis.keys.restore(snapshot);
    },
    mute: () => {
      isMute = true;
    },
    speak: () => {
      isMute = false;
      for (const say of unsaid.splice(0)) say();
    },
    open: () => open,
  };
}
