let waiting: (() => void)[] = [];

function runAll(): void {
  const works = waiting;
  waiting = [];
  for (const work of works) work();
}

/**
 * Runs `work` when this turn of the loop has read whatever its sockets had to say, behind all that waits for the same.
 * From there on what waited goes in step: each takes its next step when all have taken theirs, so that a step is run
 * many times in a row, out of a processor's caches that hold it (ADR 47).
 */
export function atTurnEnd(work: () => void): void {
  if (waiting.length === 0) setImmediate(runAll);
  waiting.push(work);
}

/** As `atTurnEnd`. */
export const turnEnd = (): Promise<void> => new Promise(atTurnEnd);
