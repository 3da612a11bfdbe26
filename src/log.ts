import pino, { type Logger } from 'pino';
import type { Config } from './config.ts';
import { isoOf } from './domain/calendar.ts';
import { systemClock } from './domain/clock.ts';

type LogSettings = Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT'>;

/** The operator's log on stdout: one JSON document a line, or words for people. */
export function createLog({ LOG_LEVEL, LOG_FORMAT }: LogSettings): Logger {
  const options = { level: LOG_LEVEL, base: null, timestamp: timeOfLine };
  if (LOG_FORMAT === 'json') return pino(options, bufferedStdout());
  return pino(options, { write: (line) => process.stdout.write(prettyLine(line)) });
}

/** As pino wants it: a member of the line. */
const timeOfLine = () => `,"time":"${isoOf(systemClock.now())}"`;

/**
 * As much is written at once, bytes, and so long a line waits for it, ms. A line of a call is told as late before: the
 * last 100 ms are what a crash may lose.
 */
const WRITE_BYTES = 8 * 1024;
const WRITE_EVERY_MS = 50;

/**
 * A write a line costs a small call a twentieth of its time. The lines of one turn are handed on as one text, as the
 * buffer measures all that it holds with each that comes. What is left is written when the process ends.
 */
function bufferedStdout() {
  const stdout = pino.destination({
    dest: 1,
    sync: true,
    minLength: WRITE_BYTES,
    periodicFlush: WRITE_EVERY_MS,
  });
  let lines = '';
  const handOn = () => {
    const text = lines;
    lines = '';
    if (text !== '') stdout.write(text);
  };
  process.once('exit', () => {
    handOn();
    stdout.flushSync();
  });
  return {
    write: (line: string) => {
      if (lines === '') queueMicrotask(handOn);
      lines += line;
    },
  };
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** `12:34:56.789 WARN  call failed  status=502 code=upstream_failed` */
export function prettyLine(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${wordOf(value)}`);
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${err.stack}` : '';
  const clock = String(time).slice(11, 23);
  return `${clock} ${(LEVELS[Number(level)] ?? '').padEnd(5)} ${[msg, ...words].join('  ')}${stack}\n`;
}

const wordOf = (value: unknown) =>
  typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);
