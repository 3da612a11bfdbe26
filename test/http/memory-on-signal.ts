/** Loaded before the program (`--expose-gc --import`): on SIGUSR2 it throws garbage away and tells what it holds. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  console.error(JSON.stringify({ held: heapUsed + external, rss }));
});
