/** A list may have thousands of entries; so many of them have a label of their own. */
export const MAX_SOURCES = 100;

/** The label of an entry of the list: its name for the first hundred seen, `other` for the rest. */
export function createSourceLabel(): (source: string) => string {
  const known = new Set<string>();
  return (source) => {
    if (known.has(source)) return source;
    if (known.size >= MAX_SOURCES) return 'other';
    known.add(source);
    return source;
  };
}
