import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One stage of a call that can be left out: a piece of source text, and what stands there instead. */
export interface Stage {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const READING = `{ rate: { limit: 1, remaining: 1, resetMs: 0 }, quota: { limit: 1, remaining: 1 }, atMs: clock.now() }`;

/** What `npm run bench -- stages` switches off, one at a time. */
export const STAGES: readonly Stage[] = [
  {
    name: 'key',
    file: 'src/keys/authenticate.ts',
    find: 'return async (given: Credentials): Promise<Caller> => {',
    replace: `let known: Caller | undefined;
      return async (given: Credentials): Promise<Caller> => {
        known ??= (await keys.find(hashKey(keyOf(given)), clock.now())) ?? undefined;
        if (known !== undefined) return known;`,
  },
  {
    name: 'second and month',
    file: 'src/house.ts',
    find: 'const { clock, log, meter, deadlineMs } = parts;',
    replace: `const { clock, log, deadlineMs } = parts;
      gates = { ...gates, limitRate: async ({ id }: { id: string }) => ({ accountId: id }) } as typeof gates;
      const reading = () => (${READING});
      const meter = {
        reserve: ({ id }: { id: string }) => ({ admitted: true as const, slot: { accountId: id } }),
        spend: async ({ id }: { id: string }) => ({ granted: true as const, charge: { accountId: id, period: '2026-01' }, reading: reading() }),
        refund: () => {},
        read: async () => reading(),
      };`,
  },
  {
    name: 'log line',
    file: 'src/operator-side.ts',
    find: '[createLogLines(log), ...listeners, whole(createTracing())]',
    replace: '[...listeners, whole(createTracing())]',
  },
  {
    name: 'metrics, story, usage and trace',
    file: 'src/operator-side.ts',
    find: '[createLogLines(log), ...listeners, whole(createTracing())]',
    replace: '[createLogLines(log)]',
  },
  {
    name: 'limit headers',
    file: 'src/http/send.ts',
    find: '...(reading === null ? {} : limitHeadersOf(reading)),',
    replace: '',
  },
  {
    name: 'compressed as it came',
    file: 'src/envelope/respond.ts',
    find: 'const joined = ',
    replace: 'const joined = true ? null : ',
  },
];

/** Loaded before a gateway whose `WITHOUT` names a stage; ends the process where its text is not found. */
export function leaveOut(name: string): void {
  const stage = STAGES.find((known) => known.name === name);
  if (stage === undefined) throw new Error(`there is no stage ${name}`);
  registerHooks({
    load: (url, context, next) => {
      if (!url.endsWith(stage.file)) return next(url, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      if (!text.includes(stage.find)) throw new Error(`${stage.file} has no longer: ${stage.find}`);
      const source = text.replace(stage.find, stage.replace);
      return { format: 'module-typescript', shortCircuit: true, source };
    },
  });
}

if (process.env.WITHOUT !== undefined) leaveOut(process.env.WITHOUT);
