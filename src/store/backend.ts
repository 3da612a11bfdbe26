import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Pulse } from '../domain/pulse.ts';
import type { Migration } from './migration.ts';
import type { RedisClient } from './redis.ts';
import type { RedisLink } from './redis-link.ts';

/**
 * Who opens the store. A gateway owns an SQLite file while it runs and brings tables forward, as `migrate` does; a
 * tool writes beside it and makes the tables of a new store; a look changes and creates nothing.
 */
export type Role = 'gateway' | 'migrate' | 'tool' | 'look';

export interface BackendOptions {
  readonly role: Role;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each answer of the store. */
  readonly pulse?: Pulse | undefined;
}

interface CommonBackend extends BackendOptions {
  /**
   * Rejects with a `StoreError` or a `Failure` while the store cannot be written, though it is there; for a gateway
   * a Redis that is away is none of these, as keys and calls go on within their grants.
   */
  check(): Promise<void>;
  /** Servers taken to be away; a file is none. */
  serversAway(): number;
  /** Writes a copy of a running store into a file. Rejects with `StoreError` where that is not possible. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

export interface SqliteBackend extends CommonBackend {
  readonly kind: 'sqlite';
  readonly db: DatabaseSync;
  /** Brings the tables of one room forward. Throws `StoreError` where the role must not, or a newer program was here. */
  prepare(steps: readonly Migration[]): void;
  /** Runs statements that only read. What fails comes out as the failure `store_unavailable`. */
  read<Result>(work: () => Result): Result;
  /** Runs statements in one transaction, all or none. What fails, at the commit too, comes out as `store_unavailable`. */
  write<Result>(work: () => Result): Result;
  /** Throws `store_unavailable` when the file was removed or replaced; looks at most every 100 ms. */
  assertInPlace(): void;
}

export interface RedisBackend extends CommonBackend {
  readonly kind: 'redis';
  /** For scripts to be defined on, and for tools. What callers wait for goes through `run`. */
  readonly client: RedisClient;
  /** The way to the servers, for those who need more than `run`. */
  readonly link: RedisLink;
  /** Of this process, new with each start. */
  readonly gatewayId: string;
  /**
   * Sends commands that concern `key` and resolves with their answer. Rejects with the failure `store_unavailable`
   * when its server is away, which is known at once or after some 50 ms, or answers with an error.
   */
  run<Result>(key: string, send: () => Promise<Result>): Promise<Result>;
}

/** One opened database for all rooms that keep something. */
export type Backend = SqliteBackend | RedisBackend;
