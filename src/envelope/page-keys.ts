import { isUtf8 } from 'node:buffer';
import { oncePerPage } from './known-pages.ts';

/** What a body says about itself, beside its values. */
export interface PageKeys {
  /** The upstream's own URL of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** Up to here the whole is parsed: that costs less than to look for a way around it. */
const SMALL_BYTES = 4_096;

/** As `readPageKeys`. Throws `BodyError` where the page cannot be read. */
export const pageKeysOf = oncePerPage((page) => readPageKeys(page.plain()));

/**
 * A page's own keys; null when the body is not exactly one JSON object in UTF-8, so that nothing broken leaves as a
 * success.
 *
 * Of a large page that is `{…"values": […]…}` only what stands around the values is parsed, at the same cost for any
 * number of them. What they hold is taken to be what Bitbucket wrote: that it came whole and unchanged is for TLS,
 * content length and gzip's CRC to say. A body that ends early where JSON could end is found all the same: it lacks the
 * page's own end, and its brackets do not come out even.
 */
export function readPageKeys(body: Buffer): PageKeys | null {
  if (!isUtf8(body)) return null;
  const keys = keysOf(body, 'latin1');
  // A byte or an escape that is no ASCII: only the text itself tells them apart.
  return keys === null || /^[\x00-\x7f]*$/.test(keys.next ?? '') ? keys : keysOf(body, 'utf8');
}

/** Byte by byte (`latin1`) JSON's own characters are the same, and a text is parsed in half the time. */
type Reading = 'latin1' | 'utf8';

function keysOf(body: Buffer, reading: Reading): PageKeys | null {
  const object =
    (body.length <= SMALL_BYTES ? undefined : aroundValues(body, reading)) ??
    parseObject(body.toString(reading));
  if (object === undefined) return null;
  return { next: typeof object.next === 'string' ? object.next : undefined };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The page with its values left out; undefined when it is no such page, or one that has to be read whole. */
function aroundValues(body: Buffer, reading: Reading): JsonObject | undefined {
  const open = body.indexOf(OPEN);
  const last = body.lastIndexOf(CLOSE);
  if (open < 0 || last < open) return undefined;
  const tail = body.toString(reading, last + 1);
  const page = parseObject(`${body.toString(reading, 0, open)}[]${tail}`);
  if (!Array.isArray(page?.values)) return undefined;
  const leadsOn = typeof page.next === 'string' && tail.includes('"next"');
  return (leadsOn && areAroundObjects(body, open, last)) || isPair(body, open, last) ? page : undefined;
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Whether the brackets at `open` and `last` stand around objects. With a `next` behind them that is enough, for no item
 * ends like a page; on others, as the last ones are, another list could hide it between them.
 */
const areAroundObjects = (body: Buffer, open: number, last: number): boolean =>
  body[open + 1] === OBJECT && body[last - 1] === OBJECT_END;

/**
 * Whether `last`, behind which there is no other, closes the bracket at `open`, and none before it does. Brackets in
 * texts are counted too: where they come in pairs nothing changes, where not, the page is read whole.
 */
function isPair(body: Buffer, open: number, last: number): boolean {
  let depth = 1;
  let nextOpen = body.indexOf(OPEN, open + 1);
  let close = body.indexOf(CLOSE, open + 1);
  while (close < last) {
    while (nextOpen >= 0 && nextOpen < close) {
      depth += 1;
      nextOpen = body.indexOf(OPEN, nextOpen + 1);
    }
    depth -= 1;
    if (depth === 0) return false;
    close = body.indexOf(CLOSE, close + 1);
  }
  return depth === 1 && (nextOpen < 0 || nextOpen > last);
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
