/** What a key holds; a sorted set is a map from member to score, ordered when it is read. */
export type Value = string | Map<string, string> | ZSet | Set<string> | string[];

export class ZSet {
  readonly scores = new Map<string, number>();
  #ordered: [string, number][] | null = null;

  set(member: string, score: number): boolean {
    const isNew = !this.scores.has(member);
    if (!isNew && this.scores.get(member) === score) return false;
    this.scores.set(member, score);
    this.#ordered = null;
    return isNew;
  }

  delete(member: string): boolean {
    if (!this.scores.delete(member)) return false;
    this.#ordered = null;
    return true;
  }

  /** By score, then by member as bytes are ordered. */
  ordered(): [string, number][] {
    this.#ordered ??= [...this.scores].sort(
      (a, b) => a[1] - b[1] || Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])),
    );
    return this.#ordered;
  }
}

/** An error of Redis: its first word is the code. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

interface Entry {
  readonly value: Value;
  expiresAtMs: number;
}

/** The keys of one server, expiring by its own clock. */
export class Keyspace {
  readonly #entries = new Map<string, Entry>();
  readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > this.nowMs()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: Value, expiresAtMs = Number.POSITIVE_INFINITY): void {
    this.#entries.set(key, { value, expiresAtMs });
  }

  delete(key: string): boolean {
    return this.get(key) !== undefined && this.#entries.delete(key);
  }

  expire(key: string, atMs: number): boolean {
    const entry = this.get(key) === undefined ? undefined : this.#entries.get(key);
    if (entry === undefined) return false;
    entry.expiresAtMs = atMs;
    return true;
  }

  /** When it expires, ms since the epoch; infinity for never, undefined where there is no such key. */
  expiresAtMs(key: string): number | undefined {
    return this.get(key) === undefined ? undefined : this.#entries.get(key)?.expiresAtMs;
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.get(key) !== undefined);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** A value of the kind that a command works on; made where `make` says how. */
  #of<Kind extends Value>(
    key: string,
    isKind: (value: Value) => value is Kind,
    make?: () => Kind,
  ): Kind | undefined {
    const value = this.get(key);
    if (value === undefined) {
      if (make === undefined) return undefined;
      const made = make();
      this.set(key, made);
      return made;
    }
    if (!isKind(value))
      throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value');
    return value;
  }

  text(key: string): string | undefined {
    return this.#of(key, (value): value is string => typeof value === 'string');
  }
  hash(key: string): Map<string, string> | undefined {
    return this.#of(key, isHash);
  }
  hashFor(key: string): Map<string, string> {
    return this.#of(key, isHash, () => new Map()) as Map<string, string>;
  }
  zset(key: string): ZSet | undefined {
    return this.#of(key, isZSet);
  }
  zsetFor(key: string): ZSet {
    return this.#of(key, isZSet, () => new ZSet()) as ZSet;
  }
  members(key: string): Set<string> | undefined {
    return this.#of(key, isSet);
  }
  membersFor(key: string): Set<string> {
    return this.#of(key, isSet, () => new Set()) as Set<string>;
  }
  list(key: string): string[] | undefined {
    return this.#of(key, Array.isArray as (value: Value) => value is string[]);
  }
  listFor(key: string): string[] {
    return this.#of(key, Array.isArray as (value: Value) => value is string[], () => []) as string[];
  }

  /** Empty collections do not exist. */
  tidy(key: string): void {
    const value = this.get(key);
    if (value === undefined || typeof value === 'string') return;
    const size = Array.isArray(value) ? value.length : value instanceof ZSet ? value.scores.size : value.size;
    if (size === 0) this.#entries.delete(key);
  }

  /** A copy as a replica or an append-only file would have it. */
  snapshot(): Map<string, { value: Value; expiresAtMs: number }> {
    return new Map(
      [...this.#entries].map(([key, { value, expiresAtMs }]) => [key, { value: copyOf(value), expiresAtMs }]),
    );
  }

  restore(snapshot: ReadonlyMap<string, { value: Value; expiresAtMs: number }>): void {
    this.#entries.clear();
    for (const [key, { value, expiresAtMs }] of snapshot)
      this.#entries.set(key, { value: copyOf(value), expiresAtMs });
  }
}

const isHash = (value: Value): value is Map<string, string> => value instanceof Map;
const isZSet = (value: Value): value is ZSet => value instanceof ZSet;
const isSet = (value: Value): value is Set<string> => value instanceof Set;

function copyOf(value: Value): Value {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return [...value];
  if (value instanceof Map) return new Map(value);
  if (value instanceof Set) return new Set(value);
  const copy = new ZSet();
  for (const [member, score] of value.scores) copy.set(member, score);
  return copy;
}
