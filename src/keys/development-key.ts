import { createKey, randomText } from './key.ts';
import type { Records } from './records.ts';
import type { Registry } from './registry.ts';

/** A key to try the gateway with, when there is none at all; null when there are keys. */
export async function createDevelopmentKey(
  { registry, records }: { readonly registry: Registry; readonly records: Records },
  nowMs: number,
): Promise<string | null> {
  if ((await records.keys()).length > 0) return null;
  const key = createKey('test');
  const name = (await records.accounts()).length === 0 ? 'development' : `development-${randomText(4)}`;
  await registry.create({ name, plan: 'mega', overrides: {}, expiresAtMs: null }, key, nowMs);
  return key.key;
}
