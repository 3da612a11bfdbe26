import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { crc32Combine } from './crc32-combine.ts';
import { type DeflateEnd, walkDeflate } from './deflate-walk.ts';

/** A member of ours begins so: deflate, no flags, no time, no known system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const TRAILER_BYTES = 8;
/** LEN and NLEN. */
const STORED_BYTES = 4;
/** A stored block holds no more. */
const MAX_STORED_BYTES = 0xffff;

/**
 * `head`, the text of the gzip member `member`, and `tail` as one member (RFC 1952), without deflating anything: the
 * member's own blocks stand between two stored ones, untouched but for the bit that calls one of them the last. Its
 * CRC and length are believed and become part of the new ones, so that damage in it is damage there. Returns pieces
 * to be sent in a row, the large ones views of `member`; null when it is not exactly one member that is understood
 * to its last bit, without a CRC of its header.
 */
export function joinGzip(
  head: Buffer,
  member: Buffer,
  tail: Buffer,
  seams = seamsOf(member),
): Buffer[] | null {
  if (head.length > MAX_STORED_BYTES || tail.length > MAX_STORED_BYTES) return null;
  if (seams === null) return null;
  return [
    openingOf(head),
    ...withoutFinalBit(member, seams),
    closingOf(tail, member[seams.endBit >>> 3]!, seams.endBit & 7, trailerOf(head, member, tail)),
  ];
}

/** Where a member can be cut open and joined to others. */
export interface Seams extends DeflateEnd {
  /** The byte that its deflate stream begins with. */
  readonly start: number;
}

/** The seams of `member`; null as `joinGzip` says. */
export function seamsOf(member: Buffer): Seams | null {
  const start = headerEnd(member);
  if (start === null) return null;
  const end = member.length - TRAILER_BYTES;
  const stream = walkDeflate(member, start, end);
  return stream === null || Math.ceil(stream.endBit / 8) !== end ? null : { start, ...stream };
}

/** The bits of FLG. A CRC of the header would have to be checked; the rest can be skipped. */
const FLAG = { extra: 4, name: 8, comment: 16, unknown: 0xe2 };

/** Where the member's deflate stream begins; null when the header is none of a member that can be joined. */
function headerEnd(member: Buffer): number | null {
  if (member.length < HEADER.length + TRAILER_BYTES) return null;
  const flags = member[3]!;
  if (member.readUIntBE(0, 3) !== 0x1f8b08 || (flags & FLAG.unknown) !== 0) return null;
  let at = HEADER.length;
  if (flags & FLAG.extra) at += 2 + member.readUInt16LE(at);
  if (flags & FLAG.name) at = member.indexOf(0, at) + 1;
  if (flags & FLAG.comment) at = member.indexOf(0, at) + 1;
  // A text without an end leads back into the header; what lies behind the stream, the walk refuses.
  return at >= HEADER.length ? at : null;
}

/** The header of a member, and `head` in a stored block. */
function openingOf(head: Buffer): Buffer {
  const opening = Buffer.allocUnsafe(HEADER.length + 1 + STORED_BYTES + head.length);
  HEADER.copy(opening);
  opening[HEADER.length] = 0;
  writeLength(opening, HEADER.length + 1, head.length);
  head.copy(opening, HEADER.length + 1 + STORED_BYTES);
  return opening;
}

/** The stream's whole bytes, its last block's final bit cleared in a copy of one of them. */
function withoutFinalBit(member: Buffer, { start, finalBit, endBit }: Seams): Buffer[] {
  const at = finalBit >>> 3;
  const cleared = Buffer.of(member[at]! & ~(1 << (finalBit & 7)));
  const rest = member.subarray(at + 1, endBit >>> 3);
  return at === start ? [cleared, rest] : [member.subarray(start, at), cleared, rest];
}

/**
 * `tail` in a stored block, the last one, and the trailer. The block begins behind the `used` bits of the stream's
 * `last` byte; of its three bits the last two, both zero, may lie in the next byte.
 */
function closingOf(tail: Buffer, last: number, used: number, { crc, length }: Trailer): Buffer {
  const start = used > 5 ? 2 : 1;
  const closing = Buffer.allocUnsafe(start + STORED_BYTES + tail.length + TRAILER_BYTES);
  closing[1] = 0;
  closing[0] = (last & ((1 << used) - 1)) | (1 << used);
  writeLength(closing, start, tail.length);
  tail.copy(closing, start + STORED_BYTES);
  closing.writeUInt32LE(crc, closing.length - TRAILER_BYTES);
  closing.writeUInt32LE(length, closing.length - TRAILER_BYTES / 2);
  return closing;
}

/** LEN and NLEN of a stored block. */
function writeLength(block: Buffer, at: number, length: number): void {
  block.writeUInt16LE(length, at);
  block.writeUInt16LE(length ^ 0xffff, at + 2);
}

interface Trailer {
  readonly crc: number;
  readonly length: number;
}

function trailerOf(head: Buffer, member: Buffer, tail: Buffer): Trailer {
  const crc = member.readUInt32LE(member.length - TRAILER_BYTES);
  const length = member.readUInt32LE(member.length - TRAILER_BYTES / 2);
  return {
    crc: crc32(tail, crc32Combine(crc32(head), crc, length)),
    length: (head.length + length + tail.length) >>> 0,
  };
}
