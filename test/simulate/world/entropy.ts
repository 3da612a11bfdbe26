import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { createRandom } from '../random.ts';

let random: () => number = createRandom(0);

/** Keys and ids of a run come from its seed too, so that two runs of one seed are the same to the byte. */
export function seedEntropy(seed: number): void {
  random = createRandom(seed ^ 0x5eed);
}

const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

Object.assign(crypto, {
  randomBytes: bytes,
  randomInt: (max: number) => Math.floor(random() * max),
  randomUUID: () => {
    const hex = bytes(16).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  },
});
syncBuiltinESMExports();
