/** @import { Known } from './stream.js' */
/** @import { ExitStateName, ExitView } from '../../../domain/operator.ts' */
import { ask } from './api.js';
import { actionButton, confirmed, factsOf, openDialog, problemPlace } from './dialogs.js';
import { byId, count, el, keyed, millis, say, short } from './text.js';

/** @type {Readonly<Record<ExitStateName, string>>} */
const WORDS = {
  healthy: 'healthy',
  spent: 'spent',
  ejected: 'ejected',
  set_aside: 'set aside',
  retired: 'retired',
};
/** What a cell says besides its colour. @type {Readonly<Record<ExitStateName, string>>} */
const SIGNS = { healthy: '', spent: '', ejected: '✕', set_aside: '‖', retired: '–' };

/** @type {ReadonlyMap<string, ExitView>} */
let views = new Map();

/** @param {Known} known */
export function showExits({ frame: { exits } }) {
  views = new Map(exits.cells.map((view) => [view.id, view]));
  const grid = byId('exits');
  keyed(grid, exits.cells, { keyOf: ({ id }) => id, create: createCell, update: updateCell });
  if (grid.querySelector('[tabindex="0"]') === null) grid.firstElementChild?.setAttribute('tabindex', '0');
  const names = /** @type {ExitStateName[]} */ (Object.keys(WORDS)).filter((name) => exits.states[name]);
  keyed(byId('exits-text'), names, {
    keyOf: (name) => name,
    create: (name) => el('span', { class: 'key', 'data-state': name }),
    update: (element, name) => say(element, `${WORDS[name]} ${count(exits.states[name] ?? 0)}`),
  });
  say(
    byId('exits-help'),
    `The number is what is left of the hour. Arrow keys go from exit to exit, Enter opens one.${exits.hidden === 0 ? '' : ` ${count(exits.hidden)} more are not shown; those out of service come first.`}`,
  );
}

/** @param {ExitView} view */
function createCell({ id }) {
  const attributes = {
    type: 'button',
    class: 'exit',
    tabindex: -1,
    click: () => openExit(id),
    keydown: (/** @type {Event} */ event) => move(/** @type {KeyboardEvent} */ (event)),
    focus: (/** @type {Event} */ event) => comeTo(/** @type {HTMLElement} */ (event.currentTarget)),
  };
  return el('button', attributes, el('span'), el('span', { class: 'unseen' }));
}

/**
 * @param {HTMLElement} cell
 * @param {ExitView} view
 */
function updateCell(cell, { label, state, budgetLeft, hourlyBudget }) {
  const [shown, rest] = cell.children;
  if (shown === undefined || rest === undefined) return;
  say(shown, `${SIGNS[state]} ${short(budgetLeft)}`.trim());
  say(rest, ` of ${count(hourlyBudget)} left, ${label}, ${WORDS[state]}`);
  cell.dataset.state = state;
  cell.style.setProperty('--left', `${Math.round((budgetLeft / Math.max(1, hourlyBudget)) * 100)}%`);
  cell.title = `${label}: ${WORDS[state]}`;
}

/** One cell at a time can be come to by Tab. @param {HTMLElement} cell */
function comeTo(cell) {
  for (const other of cell.parentElement?.querySelectorAll('[tabindex="0"]') ?? [])
    other.setAttribute('tabindex', '-1');
  cell.tabIndex = 0;
}

/** @param {KeyboardEvent} event */
function move(event) {
  const cell = /** @type {HTMLElement} */ (event.currentTarget);
  const cells = /** @type {HTMLElement[]} */ ([...(cell.parentElement?.children ?? [])]);
  const columns = cells.filter(({ offsetTop }) => offsetTop === cells[0]?.offsetTop).length;
  /** @type {Record<string, number>} */
  const steps = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -cells.length,
    End: cells.length,
  };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const to = Math.min(cells.length - 1, Math.max(0, cells.indexOf(cell) + step));
  cells[to]?.focus();
}

/** @param {string} id */
function openExit(id) {
  const first = views.get(id);
  if (first === undefined) return;
  const { body } = openDialog(first.label);
  const show = () => {
    const view = views.get(id);
    if (view !== undefined) body.replaceChildren(factsOfExit(view), ...actionsOf(view, show));
  };
  show();
}

/** @param {ExitView} view */
const factsOfExit = (view) =>
  factsOf([
    ['State', WORDS[view.state]],
    ['Why', view.reason ?? '–'],
    ['Entry of the list', view.source],
    ['Left of the hour', `${count(view.budgetLeft)} of ${count(view.hourlyBudget)}`],
    ['Under way', count(view.inFlight)],
    ['Latency', view.latencyMs === null ? 'not measured yet' : `${millis(view.latencyMs)} ms`],
    ['ID', view.id],
  ]);

/**
 * @param {ExitView} view
 * @param {() => void} show
 */
function actionsOf({ id, label, state }, show) {
  const problem = problemPlace();
  const change = async (/** @type {'set-aside' | 'bring-back'} */ verb) => {
    /** @type {ExitView} */
    const view = await ask('POST', `/v1/exits/${encodeURIComponent(id)}/${verb}`, {});
    views = new Map([...views, [id, view]]);
    show();
  };
  const setAside = async () => {
    if (
      await confirmed(
        `Set ${label} aside?`,
        'No further call leaves through it until it is brought back.',
        'Set aside',
      )
    )
      await change('set-aside');
  };
  const button =
    state === 'set_aside'
      ? actionButton('Bring back', () => change('bring-back'), problem)
      : actionButton('Set aside', setAside, problem, 'grave');
  return [el('p', { class: 'line' }, button), problem];
}
