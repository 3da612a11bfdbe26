/** What people of other APIs call it. */
const ALIASES: Readonly<Record<string, string>> = {
  per_page: 'pagelen',
  page_size: 'pagelen',
  limit: 'pagelen',
  size: 'pagelen',
  branch: 'ref',
  tag: 'ref',
  at: 'ref',
  commit: 'ref',
  repository: 'repo',
  slug: 'repo',
  ws: 'workspace',
  owner: 'workspace',
  query: 'q',
  filter: 'q',
  search: 'q',
  order: 'sort',
  status: 'state',
  dir: 'path',
  directory: 'path',
};

/** Nobody means a word by one that is longer, characters; what is compared costs time for each letter. */
const LONGEST_WORD = 64;

/** The one of `candidates` that was probably meant by `word`; undefined when none is close. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  const wanted = word.toLowerCase();
  const alias = Object.hasOwn(ALIASES, wanted) ? ALIASES[wanted] : undefined;
  if (alias !== undefined && candidates.includes(alias)) return alias;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = distanceOf(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Edits between two words: a letter more, less, other, or two that changed places (optimal string alignment). */
export function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
