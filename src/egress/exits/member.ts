import { Client } from 'undici';
import type { Minted, Source } from '../sources/source.ts';
import { type Budget, createBudget, leftOf } from './budget.ts';
import { createFairQueue, type FairQueue } from './fair-queue.ts';
import { type ExitHealth, HEALTHY } from './health.ts';
import type { Exit } from './port.ts';

/** Weight of the newest answer in the smoothed latency. */
const NEWEST = 0.2;
/** A session ends this part of its lifetime early, so that none expires under a call. */
const LIFETIME_MARGIN = 0.1;
/** More than the calls that an address has in an hour. */
const MAX_CONNECTIONS = 64;

export interface MemberOptions {
  readonly origin: string;
  readonly hourlyBudget: number;
  readonly sessionLifetimeMs: number;
}

/** One exit of the roster: a unit of budget, with what we know about it. */
export class Member implements Exit {
  readonly id: string;
  readonly label: string;
  readonly budget: Budget;
  readonly queue: FairQueue;
  /** Whether its budget outlives this process. */
  readonly kept: boolean;
  /** When a session makes room for another one; Infinity for an exit that stays. */
  readonly endsAtMs: number;
  health: ExitHealth = HEALTHY;
  inFlight = 0;
  /** Smoothed, of answers, ms; null before the first. */
  latencyMs: number | null = null;
  isProbing = false;
  /** Whether its last fault was that of its credential. */
  isRefused = false;
  /** Its source's month is used up. Kept by the roster. */
  isStopped = false;
  /** Its place among those that may be chosen; -1: it may not. Kept by the roster. */
  place = -1;
  /** What it adds to the calls that are left in all. Kept by the roster. */
  adds = 0;
  /** When it is looked at again, ms of the pool's clock. Kept by the roster. */
  wakesAtMs = Number.POSITIVE_INFINITY;
  /** What was told of it last. Kept by the roster. */
  told = 'healthy';
  #from: Source;
  /** Null after another entry took the place of the first, until it is needed. */
  #minted: Minted | null;
  readonly #session: string | null;
  readonly #oneTunnel: boolean;
  /** By place; made when first needed: of ten thousand exits only some are used, and of most one connection. */
  readonly #connections: Client[] = [];
  #isClosed = false;
  readonly #options: MemberOptions;
  readonly #onTunnelEnd: (member: Member) => void;

  constructor(from: Source, options: MemberOptions, nowMs: number, onTunnelEnd: (member: Member) => void) {
    const minted = from.mint();
    this.id = minted.id;
    this.label = minted.label;
    this.kept = minted.kept;
    this.budget = createBudget(from.hourlyBudget ?? options.hourlyBudget);
    this.endsAtMs = from.many
      ? nowMs + options.sessionLifetimeMs * (1 - LIFETIME_MARGIN)
      : Number.POSITIVE_INFINITY;
    this.#from = from;
    this.#minted = minted;
    this.#session = minted.session;
    this.#oneTunnel = minted.oneTunnel;
    this.queue = createFairQueue(minted.oneTunnel ? 1 : MAX_CONNECTIONS);
    this.#options = options;
    this.#onTunnelEnd = onTunnelEnd;
  }

  get from(): Source {
    return this.#from;
  }

  get source(): string {
    return this.#from.label;
  }

  /** Another entry for the same exit: its password is used from the next tunnel on. */
  set from(source: Source) {
    this.#from = source;
    this.#minted = null;
    this.budget.limit = source.hourlyBudget ?? this.#options.hourlyBudget;
  }

  connection(place: number): Client {
    const known = this.#connections[place];
    if (known !== undefined) return known;
    const connection = this.#createConnection();
    this.#connections[place] = connection;
    return connection;
  }

  /** Opens a tunnel and TLS with the credentials of the newest list. */
  get connect(): Minted['connect'] {
    this.#minted ??= this.#session === null ? this.#from.mint() : this.#from.mint(this.#session);
    return this.#minted.connect;
  }

  noteLatency(latencyMs: number): void {
    this.latencyMs =
      this.latencyMs === null ? latencyMs : this.latencyMs + NEWEST * (latencyMs - this.latencyMs);
  }

  left(nowMs: number): number {
    return leftOf(this.budget, nowMs);
  }

  /** Settles when its calls have ended; with `at once` they fail. */
  async close(how: 'when idle' | 'at once'): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      this.#connections.map((connection) => (how === 'at once' ? connection.destroy() : connection.close())),
    );
  }

  /** A client each, not undici's `Pool`: who may use them is the queue's affair, and a pool has 16 kB of its own queue. */
  #createConnection(): Client {
    const connection = new Client(this.#options.origin, {
      connect: (options, done) => this.connect(options, done),
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: 60_000,
      keepAliveMaxTimeout: 300_000,
      maxHeaderSize: 32 * 1024,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // A new tunnel of a rotating gateway leaves from another address: this exit ends with its first one.
    if (this.#oneTunnel) connection.once('disconnect', () => this.#onTunnelEnd(this));
    if (this.#isClosed) void connection.close();
    return connection;
  }
}
