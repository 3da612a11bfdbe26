import { RedisError } from './keyspace.ts';

/** A simple string: `OK`. */
export class Status {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Reply = null | number | string | Status | RedisError | readonly Reply[];

/** RESP2. */
export function encodeReply(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${Math.trunc(reply)}\r\n`;
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  if (reply instanceof Status) return `+${reply.text}\r\n`;
  if (reply instanceof RedisError) return `-${reply.message}\r\n`;
  return `*${reply.length}\r\n${reply.map(encodeReply).join('')}`;
}

/** Takes the whole replies or commands out of a growing buffer. */
export class RespReader {
  #bytes = Buffer.alloc(0);

  push(chunk: Buffer): Reply[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const whole: Reply[] = [];
    let at = 0;
    for (;;) {
      const read = readReply(this.#bytes, at);
      if (read === null) break;
      whole.push(read[0]);
      at = read[1];
    }
    this.#bytes = this.#bytes.subarray(at);
    return whole;
  }
}

/** The reply at `at` and where the next one begins; null while it is not whole. */
export function readReply(bytes: Buffer, at: number): [Reply, number] | null {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return null;
  const line = bytes.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (bytes[at]) {
    case 0x3a:
      return [Number(line), next];
    case 0x2b:
      return [new Status(line), next];
    case 0x2d:
      return [new RedisError(line), next];
    case 0x24:
      return readBulk(bytes, next, Number(line));
    case 0x2a:
      return readArray(bytes, next, Number(line));
    default:
      throw new Error('no RESP');
  }
}

function readBulk(bytes: Buffer, at: number, length: number): [Reply, number] | null {
  if (length < 0) return [null, at];
  if (bytes.length < at + length + 2) return null;
  return [bytes.toString('utf8', at, at + length), at + length + 2];
}

function readArray(bytes: Buffer, at: number, count: number): [Reply, number] | null {
  if (count < 0) return [null, at];
  const items: Reply[] = [];
  let next = at;
  for (let i = 0; i < count; i += 1) {
    const read = readReply(bytes, next);
    if (read === null) return null;
    items.push(read[0]);
    next = read[1];
  }
  return [items, next];
}
