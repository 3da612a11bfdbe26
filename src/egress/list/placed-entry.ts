import { createHash } from 'node:crypto';
import type { SessionPattern } from '../sources/session-name.ts';
import { type ExitEntry, parseExitEntry } from './entry.ts';
import { splitEntries } from './split.ts';

/** The machine's own address. */
export interface DirectSpec {
  readonly kind: 'direct';
  readonly label: string;
  exitId(session: string | null): string;
}

/** One entry of the proxy list. Its user and password live in closures: no inspection or JSON of it shows them. */
export interface ProxySpec {
  readonly kind: 'proxy';
  /** How the proxy itself is spoken to. */
  readonly scheme: 'http' | 'https';
  /** Every tunnel leaves from another address. */
  readonly rotating: boolean;
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** For logs and tables, without a secret: `http://gw.example:7000/3f9a1c`, the tail telling users apart. */
  readonly label: string;
  /** Set on templates: what `createSession` is to make. */
  readonly sessionPattern: SessionPattern | null;
  /** User and password, decoded, `session` filled in; null when the entry has none. */
  credentials(session: string | null): { user: string; pass: string } | null;
  /** The exit's stable name: a digest of scheme, host, port, user and session, never of the password. */
  exitId(session: string | null): string;
}

export type ExitSpec = DirectSpec | ProxySpec;

/** What stands for an empty list. */
export const DIRECT: DirectSpec = Object.freeze({ kind: 'direct', label: 'direct', exitId: () => 'direct' });

/** A bad entry: where it stands and what is wrong with it, in words that hold nothing of the entry itself. */
export class ExitListError extends Error {
  override readonly name = 'ExitListError';
  /** The entry's number in a list, the line's in a file, from 1; null when the file itself cannot be read. */
  readonly position: number | null;

  constructor(where: string, position: number | null, reason: string) {
    super(`${where}: ${reason}`);
    this.position = position;
  }
}

/** One entry on its way from text to spec. `where` is said in errors: `entry 3`, `PROXY_FILE line 7`. */
export interface PlacedEntry {
  readonly text: string;
  readonly where: string;
  readonly position: number;
}

/**
 * The exits of a list: entries separated by white space, or by a comma before the next entry.
 * Throws `ExitListError` on the first bad one.
 */
export function parseExitList(text: string): ExitSpec[] {
  return createSpecs(placeListEntries(text));
}

/** The exits of a file: the same grammar, usually one a line, `#` at a line's start or after white space comments. */
export function parseExitFile(text: string): ExitSpec[] {
  return createSpecs(placeFileEntries(text));
}

export function placeListEntries(text: string, source = ''): PlacedEntry[] {
  return splitEntries(text).map((entry, index) => ({
    text: entry,
    where: `${source}entry ${index + 1}`,
    position: index + 1,
  }));
}

export function placeFileEntries(text: string, source = ''): PlacedEntry[] {
  return text.split(/\r\n|[\r\n]/).flatMap((line, index) =>
    splitEntries(line.replace(/(^|\s)#.*$/, '')).map((entry) => ({
      text: entry,
      where: `${source}line ${index + 1}`,
      position: index + 1,
    })),
  );
}

/** The specs of `entries` in their order, each exit once, each with a label of its own. */
export function createSpecs(entries: readonly PlacedEntry[]): ExitSpec[] {
  const specs = new Map<string, ExitSpec>();
  const labels = new Map<string, number>();
  for (const { text, where, position } of entries) {
    const entry = parseExitEntry(text);
    if (typeof entry === 'string') throw new ExitListError(where, position, entry);
    const key = duplicateKeyOf(entry);
    if (!specs.has(key)) specs.set(key, entry.kind === 'direct' ? DIRECT : createProxySpec(entry, labels));
  }
  return [...specs.values()];
}

type ProxyEntry = Extract<ExitEntry, { kind: 'proxy' }>;

/**
 * Two entries with one key are one exit. A fixed exit is known without its password; a template or rotating entry
 * makes exits, and another password may make others (some vendors write country and session into it).
 */
function duplicateKeyOf(entry: ExitEntry): string {
  if (entry.kind === 'direct') return 'direct';
  const makesExits = entry.rotating || entry.sessionPattern !== null;
  return JSON.stringify([identityOf(entry), makesExits ? entry.pass.text : null]);
}

function identityOf({ rotating, scheme, host, port, user }: ProxyEntry): unknown[] {
  return [rotating ? `rotating+${scheme}` : scheme, host, port, user.text];
}

function createProxySpec(entry: ProxyEntry, labels: Map<string, number>): ProxySpec {
  const { scheme, rotating, host, port, sessionPattern, user, pass } = entry;
  const identity = identityOf(entry);
  return Object.freeze({
    kind: 'proxy',
    scheme,
    rotating,
    host,
    port,
    label: distinct(labelOf(entry), labels),
    sessionPattern,
    credentials: (session: string | null) =>
      entry.hasCredentials ? { user: user.fill(session), pass: pass.fill(session) } : null,
    exitId: (session: string | null) => digestOf([...identity, session]).slice(0, 24),
  });
}

function labelOf(entry: ProxyEntry): string {
  const { rotating, scheme, host, port, user, hasCredentials } = entry;
  const address = `${rotating ? 'rotating+' : ''}${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return hasCredentials ? `${address}/${digestOf([user.text]).slice(0, 6)}` : address;
}

/** Entries that differ in the password alone would share a label: the second is `…~2`. */
function distinct(label: string, labels: Map<string, number>): string {
  const count = (labels.get(label) ?? 0) + 1;
  labels.set(label, count);
  return count === 1 ? label : `${label}~${count}`;
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
