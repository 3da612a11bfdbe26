const BENCHES = ['egress', 'meter'] as const;

/** Runs the benches named on the command line, all of them without names; each prints one table. */
const wanted = process.argv.slice(2);
for (const name of BENCHES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { run } = (await import(`./${name}.ts`)) as { run(): Promise<void> };
  await run();
}
process.exit(0);
