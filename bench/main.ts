/** The peers' benchmark runs by itself; the others by name: `npm run bench -- meter egress`. */
const BENCHES = ['calls', 'stages', 'growth', 'promises', 'meter', 'egress'] as const;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(BENCHES as readonly string[]).includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${BENCHES.join(', ')}.`);
  process.exit(1);
}
for (const name of BENCHES) {
  if (!wanted.includes(name) && (wanted.length > 0 || name !== 'calls')) continue;
  const { run } = (await import(`./${name}.ts`)) as { run(): Promise<void> };
  await run();
}
process.exit(0);
