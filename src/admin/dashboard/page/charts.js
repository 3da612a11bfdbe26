/** @import { Known } from './stream.js' */
/** @import { Point } from '../frame.ts' */
import { createPlot } from './plot.js';
import { WINDOW_S } from './stream.js';
import { byId, bytes, clockTime, count, millis, money, rate, say, short } from './text.js';

/** Kinds of status, from the bottom of the pile up. */
const KINDS = /** @type {const} */ ([
  { label: '200, 304', colour: 'ok', is: (/** @type {number} */ status) => status < 400 },
  {
    label: '4xx',
    colour: 'warn',
    is: (/** @type {number} */ status) => status >= 400 && status < 500 && status !== 429,
  },
  { label: '429', colour: 'limit', is: (/** @type {number} */ status) => status === 429 },
  { label: '5xx', colour: 'bad', is: (/** @type {number} */ status) => status >= 500 },
]);

/**
 * @param {Point} point
 * @param {(status: number) => boolean} is
 */
const callsOf = ({ statuses }, is) =>
  Object.entries(statuses).reduce((sum, [status, calls]) => (is(Number(status)) ? sum + calls : sum), 0);

/** The end of the time that is shown, seconds since the epoch. */
let nowS = 0;

const LAST_MINUTES = {
  xText: (/** @type {number} */ atS) => clockTime(atS * 1_000),
  xRange: () => /** @type {[number, number]} */ ([nowS - WINDOW_S, nowS]),
};

const callsPlot = () =>
  createPlot(byId('calls-chart'), {
    ...LAST_MINUTES,
    name: 'Calls a second by status over the last five minutes; the latest figures stand before it.',
    // The whole pile is drawn first, and what is below lies upon it.
    lines: [...KINDS].reverse().map(({ label, colour }) => ({ label, colour, fill: true })),
    yText: rate,
  });

const latencyPlot = () =>
  createPlot(byId('latency-chart'), {
    ...LAST_MINUTES,
    name: 'Latency over the last five minutes; the latest figures stand before it.',
    lines: [
      { label: 'p50', colour: 'p50' },
      { label: 'p95', colour: 'p95' },
      { label: 'p99', colour: 'p99' },
      { label: 'Bitbucket p50', colour: 'p50', broken: true },
      { label: 'Bitbucket p95', colour: 'p95', broken: true },
      { label: 'Bitbucket p99', colour: 'p99', broken: true },
    ],
    yText: millis,
  });

const hourPlot = () =>
  createPlot(byId('hour-chart'), {
    name: 'Upstream calls that may leave and that are wanted, over the next 60 minutes; the text below says which is more.',
    lines: [
      { label: 'may leave', colour: 'ok' },
      { label: 'wanted', colour: 'bad', broken: true },
    ],
    xText: (minute) => (minute === 0 ? 'now' : `+${minute} min`),
    xRange: () => [0, 60],
    yText: short,
    figureText: count,
  });

const trafficPlot = () =>
  createPlot(byId('traffic-chart'), {
    ...LAST_MINUTES,
    name: 'Bytes a second over the last five minutes; the latest figures stand before it.',
    lines: [
      { label: 'through exits', colour: 'p50' },
      { label: 'to callers', colour: 'ok', broken: true },
    ],
    yText: bytes,
  });

/** The four charts. Tells how they take what is known. */
export function createCharts() {
  const plots = { calls: callsPlot(), latency: latencyPlot(), hour: hourPlot(), traffic: trafficPlot() };

  return (/** @type {Known} */ { frame, points }) => {
    nowS = Math.floor(frame.nowMs / 1_000);
    const x = points.map(({ second }) => nowS - frame.second + second);
    const kinds = KINDS.map(({ is }) => points.map((point) => callsOf(point, is)));
    const piles = kinds.map((_kind, top) => points.map((_p, at) => sum(kinds.slice(0, top + 1), at)));
    plots.calls.show(x, piles.toReversed(), kinds.toReversed());
    plots.latency.show(x, [...quantileLines(points, 'total'), ...quantileLines(points, 'upstream')]);
    const { supply, demand } = frame.hour;
    const minutes = supply.map((_calls, minute) => minute);
    plots.hour.show(minutes, [supply, minutes.map((minute) => (demand / 60) * minute)]);
    plots.traffic.show(x, [points.map(({ bytesExit }) => bytesExit), points.map(({ bytesOut }) => bytesOut)]);
    tellInWords(frame);
  };
}

/**
 * @param {readonly Point[]} points
 * @param {'total' | 'upstream'} part
 */
const quantileLines = (points, part) =>
  [0, 1, 2].map((share) => points.map((point) => point[part][share] ?? null));

/**
 * @param {readonly (readonly number[])[]} kinds
 * @param {number} at
 */
const sum = (kinds, at) => kinds.reduce((total, kind) => total + (kind[at] ?? 0), 0);

/** @param {Known['frame']} frame */
function tellInWords({ totals, hour, traffic, inside }) {
  const statuses = Object.entries(totals.statuses).map(([status, calls]) => `${status}: ${count(calls)}`);
  say(byId('statuses'), statuses.length === 0 ? 'No call yet.' : `Since the start ${statuses.join(' · ')}`);
  const enough =
    hour.scarceInMinutes === null
      ? 'Enough for the hour, if callers go on as in the last five minutes.'
      : `Not enough from minute ${hour.scarceInMinutes} on, if callers go on as in the last five minutes: 503 then.`;
  say(byId('hour-text'), `${enough} Wanted ${count(hour.demand)}, room for ${count(hour.budget)}.`);
  const cost = [
    `This month ${bytes(inside.monthTrafficBytes)} through paid exits`,
    ...(traffic.gbPerMonth === null ? [] : [`of ${traffic.gbPerMonth} GB`]),
    ...(traffic.monthCost === null ? ['(no price is set)'] : [`for ${money(traffic.monthCost)}`]),
    ...(traffic.costPerThousand === null
      ? []
      : [`· ${money(traffic.costPerThousand)} for 1,000 answered calls`]),
  ];
  say(
    byId('traffic-text'),
    `${cost.join(' ')}. Since the start ${bytes(totals.bytesExit)} through exits, ${bytes(totals.bytesOut)} to callers.`,
  );
}
