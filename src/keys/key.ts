import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
/** 62^30 is more than 2^178. */
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const KEY = new RegExp(
  `^(oanor_(?:live|test)_([0-9A-Za-z]{${ID_LENGTH}})[0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

export interface NewKey {
  /** Shown once and kept nowhere. */
  readonly key: string;
  /** The part that logs and operators see. */
  readonly id: string;
  readonly hash: string;
}

/** A new key: `oanor_live_` or `oanor_test_`, a public ID, 178 random bits, a checksum that refuses typos. */
export function createKey(kind: 'live' | 'test'): NewKey {
  const id = randomText(ID_LENGTH);
  const body = `oanor_${kind}_${id}${randomText(SECRET_LENGTH)}`;
  const key = body + checksumOf(body);
  return { key, id, hash: hashKey(key) };
}

/** The public ID of a well-formed key; null for anything else, without a look-up. */
export function parseKey(text: string): string | null {
  const match = KEY.exec(text);
  if (match === null) return null;
  const [, body = '', id = '', checksum] = match;
  return checksumOf(body) === checksum ? id : null;
}

/**
 * How a key is kept. One round of SHA-256 is enough for 178 random bits; a slow hash would only be a lever for a
 * flood.
 */
export const hashKey = (key: string): string => hash('sha256', key);

function checksumOf(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    text = DIGITS.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Uniform digits: bytes beyond the last whole multiple of 62 are thrown away. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length))
      if (byte < 248 && text.length < length) text += DIGITS.charAt(byte % 62);
  }
  return text;
}
