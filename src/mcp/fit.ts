import { hash } from 'node:crypto';
import { type Brief, clipped, type Item } from '../endpoints/brief.ts';

/** What is shown of an answer, and where it goes on. */
export interface Shown {
  /** `data` of the envelope, as it is to be written. */
  readonly data: unknown;
  /** What tells the last item shown from the others; absent when nothing of this page is left. */
  readonly after?: string;
  /** The item behind which it was to go on is not there any more: shown is the page from its start. */
  readonly moved?: boolean;
}

export interface Fitting {
  readonly brief: Brief;
  readonly detail: 'brief' | 'full';
  /** Where the answer before ended. */
  readonly after?: string | undefined;
  /** Room for `data` alone, bytes of UTF-8 as text in a JSON string. */
  readonly room: number;
}

/** What of `data` fits. Each item fits alone: one that would not comes brief and `truncated`. */
export function shownOf(data: Item, fitting: Fitting): Shown {
  const { brief, detail, room } = fitting;
  if (brief.list === undefined) return { data: fitOne(data, detail === 'full', brief, room) };
  const { key, beside } = brief.list;
  const items = (data[key] ?? []) as readonly Item[];
  const { start, moved } = startOf(items, fitting);
  const around = aroundOf(data, fitting, key, beside);
  const forItems = room - bytesOf(around);
  const shown: unknown[] = [];
  let left = forItems;
  for (const item of items.slice(start)) {
    const one = fitOne(item, detail === 'full', brief, forItems);
    left -= bytesOf(one) + 1;
    if (left < 0) break;
    shown.push(one);
  }
  const end = start + shown.length;
  const last = end < items.length ? items[end - 1] : undefined;
  return {
    data: { ...around, [key]: shown },
    ...(last === undefined ? {} : { after: idOf(last, brief) }),
    ...(moved ? { moved } : {}),
  };
}

/** Bytes of a value written into the text of an answer, which is a JSON string itself. */
export const bytesOf = (value: unknown): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(value))) - 2;

function startOf(items: readonly Item[], { brief, after }: Fitting): { start: number; moved: boolean } {
  if (after === undefined) return { start: 0, moved: false };
  const at = items.findIndex((item) => idOf(item, brief) === after);
  return { start: at + 1, moved: at < 0 };
}

/** What is told beside the items, with none of them yet. */
function aroundOf(data: Item, { detail, room }: Fitting, key: string, beside: (data: Item) => Item): Item {
  const full = { ...data, [key]: [] };
  // Half the room is for the items, whatever stands beside them.
  return detail === 'full' && bytesOf(full) * 2 < room ? full : { ...beside(data), [key]: [] };
}

function fitOne(item: Item, full: boolean, brief: Brief, room: number): Item {
  const wanted = full ? item : brief.of(item);
  if (bytesOf(wanted) < room) return wanted;
  const truncated = { ...brief.of(item), truncated: true };
  return bytesOf(truncated) < room ? truncated : squeezed(truncated);
}

const SQUEEZED_CHARACTERS = 200;
const SQUEEZED_ITEMS = 10;

/** For what nobody expects: texts and lists of any length where names were expected. */
const squeezed = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, squeezedValue(value)]));

function squeezedValue(value: unknown): unknown {
  if (typeof value === 'string') return clipped(value, SQUEEZED_CHARACTERS);
  if (Array.isArray(value)) return value.slice(0, SQUEEZED_ITEMS).map(squeezedValue);
  return typeof value === 'object' ? undefined : value;
}

/** An item's own id; where it has none, its content. */
function idOf(item: Item, { list }: Brief): string {
  const id = item[list?.id ?? ''];
  const isId = typeof id === 'string' || typeof id === 'number';
  return isId && String(id).length <= 256 ? String(id) : hash('sha256', JSON.stringify(item), 'base64url');
}
