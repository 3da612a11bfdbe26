import type { UpstreamHead } from '../../domain/upstream.ts';
import { MAX_WIRE_BYTES } from './body.ts';
import { encodingOf } from './encoding.ts';
import { headSizeOf } from './head.ts';
import { inflatedLength, MAX_BODY_BYTES } from './inflate.ts';

/** `GET  HTTP/1.1`, `host` and `connection`, and the empty line. */
const REQUEST_LINE_BYTES = 70;

/** Bytes that a request takes on the wire. */
export const requestSizeOf = (path: string, headers: Readonly<Record<string, string>>): number =>
  headSizeOf(headers) + path.length + REQUEST_LINE_BYTES;

/** Bytes of the body, as the head says; 0 where it does not. */
export const lengthSaid = ({ headers }: UpstreamHead): number => Number(headers['content-length'] ?? 0);

/** Bytes of an answer that are taken over the wire: of a compressed one fewer, for it grows here. */
export const mostWireBytes = ({ headers }: UpstreamHead): number =>
  encodingOf(headers['content-encoding']) === 'identity' ? MAX_BODY_BYTES : MAX_WIRE_BYTES;

/** Bytes that the text of a whole answer will take beside its wire when a row reads it; 0 where that will be refused. */
export function inflatedLengthOf({ status, headers }: UpstreamHead, wire: readonly Buffer[]): number {
  if (status >= 300) return 0;
  const length = inflatedLength(wire, encodingOf(headers['content-encoding']));
  return length <= MAX_BODY_BYTES ? length : 0;
}
