import { createRandom } from '../random.ts';
import type { FarEnd, Line } from './line.ts';
import { type Answer, answerOf, encodeHead } from './resources.ts';
import type { Time } from './time.ts';

/** What may be wrong with the upstream for a while. */
export const WEATHERS = [
  'spent',
  'spent for ages',
  'spent for no time',
  'failing',
  'edge page',
  'edge refusal',
  'page for data',
  'cut',
  'half',
  'reset',
  'silent',
  'slow',
  'redirects',
  'redirects away',
  'counts others',
  'closes',
  'large',
] as const;
export type WeatherKind = (typeof WEATHERS)[number];

export interface Weather {
  readonly kind: WeatherKind;
  /** The part of requests that meets it. */
  readonly share: number;
  /** Only through addresses whose number in a row of `of` this is; null: all. */
  readonly addresses: { readonly nth: number; readonly of: number } | null;
}

/** A request as the upstream saw it. */
export interface Seen {
  readonly atMs: number;
  readonly address: string;
  readonly target: string;
  readonly serial: number;
  /** Everything that was sent. */
  readonly text: string;
}

export interface SimulatedUpstream {
  /** A connection from `address`. */
  accept(address: string): (line: Line) => FarEnd;
  readonly seen: readonly Seen[];
  /** Weathers that hold now. */
  readonly weathers: Set<Weather>;
  /** Connections that are open. */
  open(): number;
}

/** Bitbucket: answers what it is asked, and what the weather makes of it. */
export function createUpstream(time: Time, seed: number): SimulatedUpstream {
  const seen: Seen[] = [];
  const weathers = new Set<Weather>();
  let open = 0;

  const meets = (address: string, random: () => number): WeatherKind | null => {
    for (const { kind, share, addresses } of weathers) {
      if (addresses !== null && numberOf(address) % addresses.of !== addresses.nth) continue;
      if (random() < share) return kind;
    }
    return null;
  };

  const serve = (line: Line, address: string, text: string, isClosed: () => boolean) => {
    const target = text.split(' ', 2)[1] ?? '';
    const serial = seen.push({ atMs: time.now(), address, target, serial: seen.length, text }) - 1;
    const random = createRandom(seed * 7_919 + serial);
    const answer = answerOf(target, serial, meets(address, random), random);
    if (answer === 'nothing') return;
    time.after(answer.afterMs, () => isClosed() || send(line, answer));
  };

  return {
    seen,
    weathers,
    open: () => open,
    accept: (address) => (line) => {
      let text = '';
      let closed = false;
      open += 1;
      return {
        receive: (bytes) => {
          text += bytes.toString('latin1');
          for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
            serve(line, address, text.slice(0, end), () => closed);
            text = text.slice(end + 4);
          }
        },
        closed: () => {
          if (!closed) open -= 1;
          closed = true;
        },
      };
    },
  };
}

function send(line: Line, { status, headers, body, cutAfter, closes }: Answer): void {
  const bytes = Buffer.concat([
    encodeHead(status, { 'content-length': String(body.length), ...headers }),
    body,
  ]);
  line.send(cutAfter === null ? bytes : bytes.subarray(0, cutAfter));
  if (cutAfter !== null) line.end(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  else if (closes) line.end();
}

/** Addresses end in a number. */
const numberOf = (address: string) => Number(/\d+$/.exec(address)?.[0] ?? 0);
