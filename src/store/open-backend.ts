import type { Backend, BackendOptions } from './backend.ts';
import { openRedisBackend } from './redis-backend.ts';
import { openSqliteBackend } from './sqlite-backend.ts';
import { StoreError } from './store-error.ts';

/** Opens what `STORE_URL` names. Rejects with `StoreError`. */
export async function openBackend(url: string, options: BackendOptions): Promise<Backend> {
  const path = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (path !== undefined) return openSqliteBackend(path, options);
  if (/^rediss?:\/\//.test(url)) return openRedisBackend(url, options);
  throw new StoreError('STORE_URL must begin with sqlite:, redis:// or rediss://');
}
