import type { UpstreamHead } from '../../domain/upstream.ts';

/** Names in lower case; repeated headers joined with `, `. */
export function headOf(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): UpstreamHead {
  const joined: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined)
      joined[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return { status, headers: joined };
}

/** `HTTP/1.1 200 OK` and the empty line behind the headers. */
const FIRST_LINE_BYTES = 19;
/** `: ` behind a name and CR LF behind its value. */
const BYTES_BESIDE = 4;

/** Bytes that a head took on the wire, its first line included. */
export function headSizeOf(headers: Readonly<Record<string, string>>): number {
  let bytes = FIRST_LINE_BYTES;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + BYTES_BESIDE;
  return bytes;
}
