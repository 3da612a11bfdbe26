/** @import { Frame, Point } from '../frame.ts' */

/** As long as points are kept, seconds. */
export const WINDOW_S = 300;
const AGAIN_MS = 3_000;
const SILENT_MS = 5_000;

/**
 * What is known: the latest frame, and the points of the last five minutes.
 * @typedef {{ frame: Frame, points: readonly Point[] }} Known
 */

/**
 * Hears the gateway for as long as the page is seen.
 * @param {{ known: (known: Known) => void, line: (state: 'live' | 'lost', text: string) => void }} to
 */
export function hear({ known, line }) {
  /** @type {Point[]} */
  let points = [];
  let startedAtMs = 0;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  const lost = () => {
    line('lost', 'No word from the gateway; trying again …');
    source?.close();
    clearTimeout(silence);
    silence = setTimeout(open, AGAIN_MS);
  };
  /** @param {MessageEvent<string>} event */
  const take = (event) => {
    /** @type {Frame} */
    const frame = JSON.parse(event.data);
    if (frame.startedAtMs !== startedAtMs) points = [];
    startedAtMs = frame.startedAtMs;
    const last = points.at(-1)?.second ?? Number.NEGATIVE_INFINITY;
    points.push(...frame.points.filter(({ second }) => second > last));
    points = points.filter(({ second }) => second >= frame.second - WINDOW_S);
    clearTimeout(silence);
    silence = setTimeout(lost, SILENT_MS);
    line('live', `Live, since ${new Date(startedAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
    known({ frame, points });
  };
  const open = () => {
    source = new EventSource('/dashboard/frames');
    source.addEventListener('message', take);
    source.addEventListener('error', () => refused().then(lost, lost));
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(silence);
    source?.close();
    if (!document.hidden) open();
  });
  open();
}

/** Why the stream ended cannot be seen: a login that has ended is told from a gateway that is away by asking. */
async function refused() {
  const response = await fetch('/', { method: 'HEAD' });
  if (response.status === 401) location.assign('/login');
}
