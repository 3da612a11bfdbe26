/** Runs `work` at the end of the loop's next turn, behind all that was given before. */
export type Soon = (work: () => void) => void;

/**
 * A place where calls wait until the loop has asked its sockets once more, and from where those that waited go in step:
 * each takes its next step when all have taken theirs, so that a step is run many times in a row, out of a processor's
 * caches that hold it (ADR 47).
 */
export function createStep(): Soon {
  let waiting: (() => void)[] = [];
  const runAll = () => {
    const works = waiting;
    waiting = [];
    for (const work of works) work();
  };
  return (work) => {
    if (waiting.length === 0) setImmediate(() => setImmediate(runAll));
    waiting.push(work);
  };
}
