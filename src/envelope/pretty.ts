import { skipSpace, skipString } from './json-scan.ts';

const INDENT = '    ';

/**
 * `json` with a line for each member and four spaces a level, as the product page shows it. White space changes,
 * never a token: numbers, escapes and the order of names stay as they came. `json` must be valid.
 */
export function prettyPrint(json: Buffer): Buffer {
  const out: (Buffer | string)[] = [];
  let depth = 0;
  let at = skipSpace(json, 0);
  while (at < json.length) {
    const byte = json[at];
    const char = String.fromCharCode(byte ?? 0);
    const start = at;
    if (char === '"') {
      at = skipString(json, at);
      out.push(json.subarray(start, at));
    } else if (char === '{' || char === '[') {
      at = skipSpace(json, at + 1);
      const next = json[at];
      if (next === 0x7d || next === 0x5d) {
        out.push(char === '{' ? '{}' : '[]');
        at += 1;
      } else {
        depth += 1;
        out.push(char, newline(depth));
      }
    } else if (char === '}' || char === ']') {
      depth -= 1;
      out.push(newline(depth), char);
      at += 1;
    } else if (char === ',') {
      out.push(',', newline(depth));
      at += 1;
    } else if (char === ':') {
      out.push(': ');
      at += 1;
    } else {
      while (at < json.length && !isEndOfWord(json[at])) at += 1;
      out.push(json.subarray(start, at));
    }
    at = skipSpace(json, at);
  }
  out.push('\n');
  return Buffer.concat(out.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

const newline = (depth: number) => `\n${INDENT.repeat(depth)}`;

/** A number or literal ends before white space, a comma or a closing bracket. */
const isEndOfWord = (byte: number | undefined) =>
  byte === undefined || byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d;
