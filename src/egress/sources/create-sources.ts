import { createDirect } from './direct.ts';
import { identityOf, namesOf } from './identity.ts';
import { createProxy } from './proxy.ts';
import type { ProxyTerms } from './proxy-terms.ts';
import { createRotating } from './rotating.ts';
import { createSessions } from './session.ts';
import type { Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** One entry of the list, read. */
export type Entry = 'direct' | ProxyTerms;

/** The sources of `entries` in their order, each once, each with an id and a label of its own. */
export function createSources(entries: readonly Entry[], tools: SourceTools): Source[] {
  const sources = new Map<string, Source>();
  const alike = new Map<string, number>();
  for (const entry of entries) {
    const key = duplicateKeyOf(entry);
    if (sources.has(key)) continue;
    const kin = entry === 'direct' ? entry : JSON.stringify(identityOf(entry));
    const nth = (alike.get(kin) ?? 0) + 1;
    alike.set(kin, nth);
    sources.set(key, sourceOf(entry, nth, tools));
  }
  return [...sources.values()];
}

/** The one place that asks what kind an entry is. */
function sourceOf(entry: Entry, nth: number, tools: SourceTools): Source {
  if (entry === 'direct') return createDirect(tools);
  const names = namesOf(entry, nth);
  const { rotating, sessionPattern } = entry;
  if (rotating) return createRotating(entry, names, tools);
  if (sessionPattern !== null) return createSessions(entry, names, tools, sessionPattern);
  return createProxy(entry, names, tools);
}

/**
 * Two entries with one key are one source. A fixed proxy is known without its password; a template or rotating entry
 * makes exits, and another password may make others (some vendors write country and session into it).
 */
function duplicateKeyOf(entry: Entry): string {
  if (entry === 'direct') return entry;
  const makesExits = entry.rotating || entry.sessionPattern !== null;
  return JSON.stringify([identityOf(entry), makesExits ? entry.pass.text : null]);
}
