/** Where one member's value stands in the bytes: `[start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Deeper than any answer of Bitbucket; a bound on what a hostile body can make us remember. */
const MAX_DEPTH = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Checks in one pass that `bytes` is exactly one JSON object (RFC 8259, white space around it allowed) and tells
 * where the value of each of its own members stands; null when it is anything else: cut off, two values, an
 * array, a trailing comma. Of a name that comes twice the last one counts, as in `JSON.parse`. Nothing is built
 * from the values, so that a page of 275 kB costs no garbage and every byte can be passed on as it is.
 * Whether strings are well-formed UTF-8 is for `buffer.isUtf8`.
 */
export function scanObject(bytes: Uint8Array): Map<string, Span> | null {
  const members = new Map<string, Span>();
  const closers: number[] = [];
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_OBJECT) return null;

  let name = '';
  let valueStart = 0;
  let expectValue = true;

  for (;;) {
    at = skipSpace(bytes, at);
    if (expectValue) {
      if (closers.length === 1) valueStart = at;
      const byte = bytes[at];
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (closers.length === MAX_DEPTH) return null;
        const closer = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
        const inside = skipSpace(bytes, at + 1);
        if (bytes[inside] === closer) {
          at = inside + 1;
          expectValue = false;
        } else {
          closers.push(closer);
          at = inside;
          if (closer === CLOSE_ARRAY) continue;
          const afterName = skipName(bytes, at);
          if (afterName < 0) return null;
          if (closers.length === 1) name = textOf(bytes, at, afterName);
          at = skipColon(bytes, afterName);
          if (at < 0) return null;
          continue;
        }
      } else {
        at = skipScalar(bytes, at);
        if (at < 0) return null;
        expectValue = false;
      }
    }

    // A value has just ended at `at`.
    const depth = closers.length;
    if (depth === 1) members.set(name, { start: valueStart, end: at });
    if (depth === 0) return skipSpace(bytes, at) === bytes.length ? members : null;
    at = skipSpace(bytes, at);
    const closer = closers[depth - 1];
    if (bytes[at] === closer) {
      closers.pop();
      at += 1;
      continue;
    }
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
    expectValue = true;
    if (closer === CLOSE_OBJECT) {
      const afterName = skipName(bytes, at);
      if (afterName < 0) return null;
      if (depth === 1) name = textOf(bytes, at, afterName);
      at = skipColon(bytes, afterName);
      if (at < 0) return null;
    }
  }
}

/** The string at `span`, or undefined when what stands there is no string. */
export function stringAt(bytes: Uint8Array, span: Span | undefined): string | undefined {
  if (span === undefined || bytes[span.start] !== QUOTE) return undefined;
  return textOf(bytes, span.start, span.end);
}

/** `at` or the first byte behind it that is no white space of JSON. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  while (bytes[i] === 0x20 || bytes[i] === 0x0a || bytes[i] === 0x0d || bytes[i] === 0x09) i += 1;
  return i;
}

/** Behind the string that opens at `at`; -1 when it is cut off or holds a raw control character. */
export function skipString(bytes: Uint8Array, at: number): number {
  let i = at + 1;
  for (;;) {
    const byte = bytes[i];
    if (byte === undefined || byte < 0x20) return -1;
    if (byte === QUOTE) return i + 1;
    if (byte !== BACKSLASH) {
      i += 1;
      continue;
    }
    const escaped = bytes[i + 1];
    if (escaped === 0x75) {
      for (let digit = i + 2; digit < i + 6; digit += 1) if (!isHexDigit(bytes[digit])) return -1;
      i += 6;
    } else if (escaped !== undefined && ESCAPES.has(escaped)) i += 2;
    else return -1;
  }
}

const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

function skipName(bytes: Uint8Array, at: number): number {
  return bytes[at] === QUOTE ? skipString(bytes, at) : -1;
}

function skipColon(bytes: Uint8Array, at: number): number {
  const colon = skipSpace(bytes, at);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : -1;
}

function skipScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case 0x74:
      return skipWord(bytes, at, TRUE);
    case 0x66:
      return skipWord(bytes, at, FALSE);
    case 0x6e:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

function skipWord(bytes: Uint8Array, at: number, word: Uint8Array): number {
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let i = bytes[at] === 0x2d ? at + 1 : at;
  if (bytes[i] === 0x30) i += 1;
  else {
    i = skipDigits(bytes, i);
    if (i < 0) return -1;
  }
  if (bytes[i] === 0x2e) {
    i = skipDigits(bytes, i + 1);
    if (i < 0) return -1;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    i += 1;
    if (bytes[i] === 0x2b || bytes[i] === 0x2d) i += 1;
    i = skipDigits(bytes, i);
  }
  return i;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  let i = at;
  while (isDigit(bytes[i])) i += 1;
  return i > at ? i : -1;
}

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

/** The string literal at `[start, end)`, its escapes read. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  const literal = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  return JSON.parse(literal.toString('utf8')) as string;
}
