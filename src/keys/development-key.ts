import { createKey, randomText } from './key.ts';
import type { Records } from './records.ts';
import type { Registry } from './registry.ts';
import { RegistryError } from './terms.ts';

/** A key to try the gateway with, when there is none at all; null when there are keys. */
export async function createDevelopmentKey(
  { registry, records }: { readonly registry: Registry; readonly records: Records },
  nowMs: number,
): Promise<string | null> {
  if (await records.hasKeys()) return null;
  const key = createKey('test');
  const open = (name: string) =>
    registry.createAccount({ name, plan: 'mega', overrides: {}, expiresAtMs: null }, key, nowMs);
  try {
    await open('development');
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    // Another gateway that starts beside this one was first; else an account was left without keys.
    if (await records.hasKeys()) return null;
    await open(`development-${randomText(4)}`);
  }
  return key.key;
}
