import { copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/domain/clock.ts';
import { openStores } from '../../../src/open-stores.ts';

const SHARED_MEMORY = '/dev/shm';
let template: string | null = null;
let serial = 0;

/** A new SQLite store in memory, if the machine has files there: it outlives the gateway that is killed over it. */
export async function newStoreFile(): Promise<string> {
  if (template === null) {
    const folder = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'simulate-'));
    template = join(folder, 'template.db');
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    await (await openStores(`sqlite:${template}`, { role: 'gateway', clock: systemClock, log })).close();
  }
  serial += 1;
  const file = template.replace('template', `run-${serial}`);
  copyFileSync(template, file);
  return file;
}
