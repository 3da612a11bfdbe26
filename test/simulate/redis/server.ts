import { createHash } from 'node:crypto';
import { Duplex } from 'node:stream';
import { COMMANDS, READS } from './commands.ts';
import { Keyspace, RedisError } from './keyspace.ts';
import { createScriptRunner, type ScriptRunner } from './lua.ts';
import { encodeReply, type Reply, RespReader, Status } from './resp.ts';

/** A Redis in this process: the real scripts in a real Lua, over streams that a client takes for sockets. */
export interface InProcessRedis {
  readonly keys: Keyspace;
  /** What a client writes to and reads from, as if it had connected. */
  connect(): Duplex;
  /** Runs one command at once. */
  execute(args: readonly string[]): Reply;
  /** Takes commands in and answers none of them until `resume`; then all, in their order. */
  hang(): void;
  resume(): void;
  /** Cuts every connection; new ones are refused until `start`. */
  stop(): void;
  start(): void;
  /** Writes are refused from now on, as by a primary that was demoted. */
  demote(isReplica: boolean): void;
  /** How often each command was run, scripts by their digest. */
  readonly calls: ReadonlyMap<string, number>;
}

const INFO = [
  'redis_version:7.0.15',
  'aof_enabled:1',
  'maxmemory_policy:noeviction',
  'maxmemory:0',
  'used_memory:1000000',
  'role:master',
  'loading:0',
  'cluster_enabled:0',
].join('\r\n');

/** `nowMs` is the server's own clock; `later` hands an answer to the client's loop. */
export async function createInProcessRedis(
  nowMs: () => number,
  later: (work: () => void) => void = (work) => process.nextTick(work),
): Promise<InProcessRedis> {
  const keys = new Keyspace(nowMs);
  const scripts = new Set<string>();
  const calls = new Map<string, number>();
  const connections = new Map<Duplex, { readonly waiting: string[][]; multi: string[][] | null }>();
  let isHanging = false;
  let isStopped = false;
  let isReplica = false;
  let inScript = false;

  const execute = (args: readonly string[]): Reply => {
    try {
      return run(args);
    } catch (error) {
      if (error instanceof RedisError) return error;
      throw error;
    }
  };

  const runner: ScriptRunner = await createScriptRunner((args) => execute(args));

  const evaluate = (digest: string, args: readonly string[]): Reply => {
    const count = Number(args[1]);
    inScript = true;
    try {
      return runner.run(digest, args.slice(2, 2 + count), args.slice(2 + count));
    } finally {
      inScript = false;
    }
  };

  const load = (body: string): string => {
    const digest = createHash('sha1').update(body).digest('hex');
    if (!scripts.has(digest)) runner.load(digest, body);
    scripts.add(digest);
    return digest;
  };

  const run = (args: readonly string[]): Reply => {
    const name = (args[0] ?? '').toUpperCase();
    const rest = args.slice(1);
    calls.set(name, (calls.get(name) ?? 0) + 1);
    switch (name) {
      case 'EVAL':
        return evaluate(load(rest[0] ?? ''), rest);
      case 'EVALSHA':
        if (!scripts.has(rest[0] ?? '')) return new RedisError('NOSCRIPT No matching script.');
        return evaluate(rest[0] ?? '', rest);
      case 'SCRIPT':
        if (rest[0]?.toUpperCase() === 'LOAD') return load(rest[1] ?? '');
        if (rest[0]?.toUpperCase() === 'EXISTS')
          return rest.slice(1).map((sha) => (scripts.has(sha) ? 1 : 0));
        scripts.clear();
        return new Status('OK');
      case 'INFO':
        return INFO.replace('role:master', isReplica ? 'role:slave' : 'role:master');
      case 'CLIENT':
      case 'SELECT':
      case 'AUTH':
      case 'QUIT':
        return new Status('OK');
      case 'CONFIG':
        return [];
      default: {
        const command = COMMANDS[name];
        if (command === undefined) return new RedisError(`ERR unknown command '${name}'`);
        if (isReplica && !READS.has(name))
          return new RedisError(
            inScript
              ? "READONLY You can't write against a read only replica. script"
              : "READONLY You can't write against a read only replica.",
          );
        return command(keys, rest);
      }
    }
  };

  const answer = (stream: Duplex, args: string[]) => {
    const connection = connections.get(stream);
    if (connection === undefined) return;
    const reply = inTransaction(connection, args);
    later(() => {
      if (stream.destroyed) return;
      stream.push(Buffer.from(encodeReply(reply)));
      if (args[0]?.toUpperCase() === 'QUIT') stream.push(null);
    });
  };

  const inTransaction = (connection: { multi: string[][] | null }, args: string[]): Reply => {
    const name = (args[0] ?? '').toUpperCase();
    if (name === 'MULTI') {
      connection.multi = [];
      return new Status('OK');
    }
    if (connection.multi === null) return execute(args);
    if (name === 'EXEC') {
      const queued = connection.multi;
      connection.multi = null;
      return queued.map(execute);
    }
    connection.multi.push(args);
    return new Status('QUEUED');
  };

  const receive = (stream: Duplex, args: string[]) => {
    if (isHanging) connections.get(stream)?.waiting.push(args);
    else answer(stream, args);
  };

  const connect = (): Duplex => {
    const reader = new RespReader();
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        for (const command of reader.push(Buffer.from(chunk))) receive(stream, command as string[]);
        done();
      },
      final(done) {
        stream.push(null);
        done();
      },
      destroy(error, done) {
        connections.delete(stream);
        done(error);
      },
    });
    if (isStopped)
      later(() => stream.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })));
    else connections.set(stream, { waiting: [], multi: null });
    return stream;
  };

  return {
    keys,
    calls,
    connect,
    execute,
    hang: () => {
      isHanging = true;
    },
    resume: () => {
      isHanging = false;
      for (const [stream, { waiting }] of connections)
        for (const args of waiting.splice(0)) answer(stream, args);
    },
    stop: () => {
      isStopped = true;
      for (const stream of [...connections.keys()]) stream.destroy();
    },
    start: () => {
      isStopped = false;
    },
    demote: (replica) => {
      isReplica = replica;
    },
  };
}

/** For ioredis' `Connector`: each connection is a stream into `redis`. */
export function connectorTo(redis: InProcessRedis) {
  return class {
    #stream: Duplex | null = null;
    check(): boolean {
      return true;
    }
    async connect(): Promise<never> {
      const socket = Object.assign(redis.connect(), {
        setKeepAlive: () => {},
        setNoDelay: () => {},
        setTimeout: () => {},
      });
      this.#stream = socket;
      return socket as never;
    }
    disconnect(): void {
      this.#stream?.end();
    }
  } as never;
}
