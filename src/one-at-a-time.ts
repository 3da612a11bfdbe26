/**
 * `work`, never twice at once. Who asks while it runs gets one run more, together with all who asked meanwhile: its
 * beginning is behind every asking, so that it sees what they saw.
 */
export function oneAtATime<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Result> | null = null;
  const run = () => {
    next = null;
    const result = work();
    running = result.catch(() => {});
    return result;
  };
  return () => {
    next ??= running.then(run);
    return next;
  };
}
