const MINUTES = 60;

/** How often something happened in each of the last 60 minutes. */
export interface Minutes {
  note(second: number): void;
  /** The oldest first; the last one is under way. */
  list(second: number): readonly number[];
}

export function createMinutes(): Minutes {
  const counts = new Map<number, number>();
  const minuteOf = (second: number) => Math.floor(second / 60);
  return {
    note: (second) => {
      const minute = minuteOf(second);
      if (!counts.has(minute))
        for (const known of [...counts.keys()]) if (known <= minute - MINUTES) counts.delete(known);
      counts.set(minute, (counts.get(minute) ?? 0) + 1);
    },
    list: (second) =>
      Array.from({ length: MINUTES }, (_, i) => counts.get(minuteOf(second) - MINUTES + 1 + i) ?? 0),
  };
}
