/** The command line was misspelt; told with a hint at the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A whole number from 1 to `max`, or undefined where the option was not given. Throws `UsageError`. */
export function wholeNumberOf(text: string | undefined, option: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text) || Number(text) > max)
    throw new UsageError(`${option} is a whole number from 1 to ${max}`);
  return Number(text);
}

const DATE = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Epoch ms of a day (its beginning, UTC) or moment, or null where none was given. Throws `UsageError`. */
export function dateOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = Date.parse(text);
  const day = DATE.exec(text)?.[1];
  // The engine takes the 30th of February for the 2nd of March.
  const isReal = day !== undefined && new Date(Date.parse(day)).toJSON()?.startsWith(day);
  if (!isReal || Number.isNaN(ms))
    throw new UsageError('--expires is a date: 2027-01-31 or 2027-01-31T12:00:00Z');
  return ms;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `30m`, `24h` or `7d`. Throws `UsageError`. */
export function durationOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) throw new UsageError('--overlap is a duration: 90s, 30m, 24h or 7d');
  return Number(count) * unitMs;
}

/** What `commands` has under `name`. Throws `UsageError`. */
export function commandOf<Command>(commands: Readonly<Record<string, Command>>, name: string): Command {
  if (name === '') throw new UsageError('a command is needed');
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${name}`);
  return command;
}

/** The words behind a command: one for each of `names`. Throws `UsageError`, which says what is wanted. */
export function wordsOf(words: readonly string[], names: readonly string[], command: string): string[] {
  if (words.length === names.length) return [...words];
  throw new UsageError(`${command} takes ${names.length === 0 ? 'nothing' : names.join(' and ')}`);
}
