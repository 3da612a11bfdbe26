import { LRUCache } from 'lru-cache';

/** Longer texts are not worth their place, characters. */
const LONGEST = 1_024;

/**
 * `make`, run once for a text as long as that is among the `max` asked for last. For what follows from the text alone
 * and is never changed; what is thrown is not remembered.
 */
export const remembered = <Value extends object>(max: number, make: (text: string) => Value) =>
  rememberedBy((text: string) => (text.length <= LONGEST ? text : null), max, make) as (
    text: string,
  ) => Value;

/** The same for what has a name that nothing else has; without one, and where nothing is made, nothing is remembered. */
export function rememberedBy<Thing, Value extends object>(
  nameOf: (thing: Thing) => string | null,
  max: number,
  make: (thing: Thing) => Value | null,
): (thing: Thing) => Value | null {
  const known = new LRUCache<string, Value>({ max });
  return (thing) => {
    const name = nameOf(thing);
    const before = name === null ? undefined : known.get(name);
    if (before !== undefined) return before;
    const made = Object.freeze(make(thing));
    if (made !== null && name !== null) known.set(name, made);
    return made;
  };
}

/** `make`, run once as long as the same number is asked for; what is thrown is not remembered. */
export function rememberedLast<Value>(make: (number: number) => Value): (number: number) => Value {
  let last: { readonly number: number; readonly value: Value } | undefined;
  return (number) => {
    if (last?.number !== number) last = { number, value: make(number) };
    return last.value;
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
