import { el } from './text.js';

let numbers = 0;

/**
 * Opens a dialog; it is gone when it is closed, with all that it held.
 * @param {string} title
 * @param {(Node | string)[]} content
 */
export function openDialog(title, ...content) {
  numbers += 1;
  const id = `dialog-${numbers}`;
  const body = el('div', {}, ...content);
  const close = el('button', { type: 'button', click: () => dialog.close() }, 'Close');
  const dialog = el(
    'dialog',
    { 'aria-labelledby': id, close: () => dialog.remove() },
    el('header', {}, el('h2', { id }, title), close),
    body,
  );
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body, close: () => dialog.close() };
}

/**
 * Asks before something that cannot be undone, or that callers feel at once.
 * @param {string} title
 * @param {string} text
 * @param {string} word What the button says.
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, word) {
  return new Promise((resolve) => {
    const yes = el('button', { type: 'button', class: 'grave', click: () => answer(true) }, word);
    const { dialog, close } = openDialog(title, el('p', {}, text), el('p', { class: 'line' }, yes));
    const answer = (/** @type {boolean} */ is) => {
      resolve(is);
      close();
    };
    dialog.addEventListener('close', () => resolve(false));
  });
}

/**
 * A button that works once at a time; what goes wrong is said in `problem`.
 * @param {string} label
 * @param {() => Promise<unknown>} work
 * @param {HTMLElement} problem
 * @param {string} [kind]
 */
export function actionButton(label, work, problem, kind = '') {
  const button = el(
    'button',
    { type: 'button', class: kind, click: () => void attempt(work, problem, button) },
    label,
  );
  return button;
}

/**
 * @param {() => Promise<unknown>} work
 * @param {HTMLElement} problem
 * @param {HTMLButtonElement | null} [button]
 */
export async function attempt(work, problem, button) {
  problem.textContent = '';
  if (button) button.disabled = true;
  try {
    await work();
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
  } finally {
    if (button) button.disabled = false;
  }
}

/** Where a dialog says what went wrong. */
export const problemPlace = () => el('p', { role: 'alert' });

/**
 * Names and what is so called.
 * @param {readonly (readonly [string, string | Node])[]} facts
 */
export const factsOf = (facts) =>
  el(
    'dl',
    { class: 'facts' },
    ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );

/**
 * A table that may be wider than its place.
 * @param {string} name
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | Node)[])[]} rows
 */
export const tableOf = (name, head, rows) =>
  el(
    'div',
    { class: 'wide', tabindex: 0, role: 'region', 'aria-label': name },
    el(
      'table',
      {},
      el('thead', {}, el('tr', {}, ...head.map((text) => el('th', { scope: 'col' }, text)))),
      el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, cell))))),
    ),
  );
