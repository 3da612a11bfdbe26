/**
 * The shortest list found that still fails: whole halves are left out first, then quarters, down to single items
 * (delta debugging). `fails` is asked at most `tries` times.
 */
export async function shrink<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
  tries = 200,
): Promise<readonly Item[]> {
  let shortest = items;
  let left = tries;
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length && left > 0; ) {
      const without = [...shortest.slice(0, at), ...shortest.slice(at + size)];
      left -= 1;
      if (await fails(without)) shortest = without;
      else at += size;
    }
  }
  return shortest;
}
