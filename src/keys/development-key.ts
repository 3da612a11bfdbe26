import { createKey, randomText } from './key.ts';
import type { Registry } from './registry.ts';

/** A key to try the gateway with, when there is none at all; null when there are keys. */
export async function createDevelopmentKey(registry: Registry, nowMs: number): Promise<string | null> {
  if ((await registry.keys()).length > 0) return null;
  const key = createKey('test');
  const name = (await registry.accounts()).length === 0 ? 'development' : `development-${randomText(4)}`;
  await registry.create({ name, plan: 'mega', overrides: {}, expiresAtMs: null }, key, nowMs);
  return key.key;
}
