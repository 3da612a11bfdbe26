const INDENT_BYTES = 4;
/** From here on one call of `fill` costs less than a loop. */
const MANY_SPACES = 64;
/** Far more than any page comes to; beyond it a body is hostile and goes out as it came. */
const MAX_BYTES = 64 * 1024 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * `json` with a line for each member and four spaces a level, as the product page shows it. White space changes,
 * never a token: numbers, escapes and the order of names stay as they came. `json` must be valid; one so deep that
 * its lines would take more than 64 MB comes back as it is.
 */
export function prettyPrint(json: Buffer): Buffer {
  const page = new Page(json);
  while (page.at < json.length) {
    const byte = json[page.at]!;
    if (byte === QUOTE) page.copyString();
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) page.open();
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) page.close();
    else if (byte === COMMA) page.copyWith(NEWLINE);
    else if (byte === COLON) page.copyWith(SPACE);
    else page.copyWord();
    if (page.out.length > MAX_BYTES) return json;
  }
  page.newline();
  return page.out.subarray(0, page.length);
}

/** Text on its way into lines: `at` in what is read, `length` of what is written, in one growing buffer. */
class Page {
  readonly json: Buffer;
  at = 0;
  out: Buffer;
  length = 0;
  depth = 0;

  constructor(json: Buffer) {
    this.json = json;
    this.out = Buffer.allocUnsafe(json.length * 2 + 64);
  }

  /** Everything up to the closing quote. */
  copyString(): void {
    const { json, out } = this;
    let { at, length } = this;
    let isOpen = true;
    out[length++] = json[at++]!;
    while (isOpen && at < json.length) {
      const byte = json[at++]!;
      out[length++] = byte;
      if (byte === BACKSLASH && at < json.length) out[length++] = json[at++]!;
      else isOpen = byte !== QUOTE;
    }
    this.at = at;
    this.length = length;
  }

  /** A byte of a number or a literal; white space is left out. */
  copyWord(): void {
    const byte = this.json[this.at++]!;
    if (byte > SPACE) this.out[this.length++] = byte;
  }

  copyWith(space: number): void {
    this.out[this.length++] = this.json[this.at++]!;
    if (space === NEWLINE) this.newline();
    else this.out[this.length++] = space;
  }

  open(): void {
    const { json } = this;
    this.out[this.length++] = json[this.at++]!;
    while (json[this.at]! <= SPACE) this.at += 1;
    const isEmpty = json[this.at] === CLOSE_OBJECT || json[this.at] === CLOSE_ARRAY;
    if (isEmpty) this.out[this.length++] = json[this.at++]!;
    else {
      this.depth += 1;
      this.newline();
    }
  }

  close(): void {
    this.depth -= 1;
    this.newline();
    this.out[this.length++] = this.json[this.at++]!;
  }

  /** Breaks the line; afterwards all that is still to be read would fit, and a line break more. */
  newline(): void {
    const spaces = Math.max(0, this.depth) * INDENT_BYTES;
    const needed = this.length + spaces + (this.json.length - this.at) * 2 + 64;
    if (needed > this.out.length) this.grow(needed);
    const end = this.length + 1 + spaces;
    this.out[this.length] = NEWLINE;
    if (spaces > MANY_SPACES) this.out.fill(SPACE, this.length + 1, end);
    else for (let i = this.length + 1; i < end; i += 1) this.out[i] = SPACE;
    this.length = end;
  }

  grow(needed: number): void {
    const larger = Buffer.allocUnsafe(needed + (needed >> 1));
    this.out.copy(larger, 0, 0, this.length);
    this.out = larger;
  }
}
