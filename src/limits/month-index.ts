import type { RedisBackend } from '../store/backend.ts';
import { USAGE_INDEX } from './redis-keys.ts';

/**
 * Notes which months there are, for those who list them. What is noted in one turn of the loop travels as one
 * command, so that a million accounts' first calls cost the server little more than their steps.
 */
export function createMonthIndex({ client, link }: Pick<RedisBackend, 'client' | 'link'>) {
  let waiting: { readonly entries: string[]; readonly told: Promise<void> } | null = null;

  const tell = async (entries: readonly string[]) => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    waiting = null;
    await link.run(USAGE_INDEX, () => client.sadd(USAGE_INDEX, ...entries));
  };

  /** Rejects when the store could not be told. */
  return (accountId: string, period: string): Promise<void> => {
    if (waiting === null) {
      const entries: string[] = [];
      waiting = { entries, told: tell(entries) };
    }
    waiting.entries.push(`${accountId} ${period}`);
    return waiting.told;
  };
}
