/** @import { Known } from './stream.js' */
import { byId, bytes, count, el, keyed, millis, money, rate, say } from './text.js';

const isAny = () => true;

/** Over so many seconds the calls a second are told. */
const RECENT_S = 10;

/**
 * A figure; `state` where it wants attention.
 * @typedef {{ name: string, main: string, more: string, state: '' | 'warn' | 'bad' }} Figure
 */

/** @param {Known} known */
export function showFigures(known) {
  keyed(byId('figures'), figuresOf(known), {
    keyOf: ({ name }) => name,
    create: ({ name }) =>
      el('div', {}, el('dt', {}, name), el('dd', { class: 'main' }), el('dd', { class: 'more' })),
    update: (element, { main, more, state }) => {
      const [, mainPlace, morePlace] = element.children;
      if (mainPlace === undefined || morePlace === undefined) return;
      say(mainPlace, main);
      say(morePlace, more);
      mainPlace.setAttribute('data-state', state);
    },
  });
}

/**
 * @param {Known} known
 * @returns {Figure[]}
 */
function figuresOf({ frame, points }) {
  const { inside, traffic } = frame;
  const recent = points.slice(-RECENT_S);
  const latest = points.at(-1);
  const failed = callsIn(points, (status) => status >= 500);
  const share = (failed / Math.max(1, callsIn(points, isAny))) * 100;
  return [
    {
      name: 'Calls a second',
      main: rate(callsIn(recent, isAny) / Math.max(1, recent.length)),
      more: `${count(inside.callsUnderWay)} under way`,
      state: '',
    },
    {
      name: '5xx, last 5 min',
      main: `${share.toFixed(share < 10 ? 1 : 0)} %`,
      more: count(failed),
      state: share >= 5 ? 'bad' : share >= 1 ? 'warn' : '',
    },
    {
      name: 'p95, ms',
      main: millis(latest?.total[1]),
      more: `Bitbucket ${millis(latest?.upstream[1])}`,
      state: '',
    },
    ...exitFigures(frame),
    {
      name: 'Traffic this month',
      main: bytes(inside.monthTrafficBytes),
      more: traffic.monthCost === null ? '' : money(traffic.monthCost),
      state: '',
    },
    ...(inside.storeServersAway === 0
      ? []
      : [
          {
            name: 'Store',
            main: 'away',
            more: `${inside.storeServersAway} of its servers`,
            state: /** @type {const} */ ('bad'),
          },
        ]),
  ];
}

/**
 * @param {Known['frame']} frame
 * @returns {Figure[]}
 */
function exitFigures({ exits, hour }) {
  const all = exits.cells.length + exits.hidden;
  const serving = (exits.states.healthy ?? 0) + (exits.states.spent ?? 0);
  return [
    {
      name: 'Exits in service',
      main: `${count(serving)} of ${count(all)}`,
      more: [`${exits.states.ejected ?? 0} ejected`, `${exits.states.set_aside ?? 0} set aside`].join(', '),
      state: serving === 0 ? 'bad' : serving < all ? 'warn' : '',
    },
    {
      name: 'Left of the hour',
      main: count(exits.left),
      more:
        hour.scarceInMinutes === null
          ? `of ${count(exits.budget)}, enough`
          : `scarce in ${hour.scarceInMinutes} min`,
      state: exits.left === 0 ? 'bad' : hour.scarceInMinutes === null ? '' : 'warn',
    },
  ];
}

/**
 * @param {Known['points']} points
 * @param {(status: number) => boolean} is
 */
const callsIn = (points, is) =>
  points
    .flatMap(({ statuses }) => Object.entries(statuses))
    .reduce((sum, [status, calls]) => (is(Number(status)) ? sum + calls : sum), 0);
