import { LRUCache } from 'lru-cache';

/** Longer texts are not worth their place, characters. */
const LONGEST = 1_024;

/**
 * `make`, run once for a text as long as that is among the `max` asked for last. For what follows from the text alone
 * and is never changed; what is thrown is not remembered.
 */
export function remembered<Value extends object>(
  max: number,
  make: (text: string) => Value,
): (text: string) => Value {
  const known = new LRUCache<string, Value>({ max });
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = Object.freeze(make(text));
    if (text.length <= LONGEST) known.set(text, made);
    return made;
  };
}

/** `make`, run once for each object, as long as that lives. */
export function oncePer<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before.value;
    const value = make(key);
    known.set(key, { value });
    return value;
  };
}
