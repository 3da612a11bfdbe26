import { ask } from './api.js';
import { actionButton, confirmed, tableOf } from './dialogs.js';
import { el, moment } from './text.js';

/**
 * As `GET /v1/keys` tells it.
 * @typedef {{ id: string, account: string, createdAt: string, endsAt: string | null }} Key
 */

const OVERLAPS = /** @type {const} */ ([
  ['0', 'at once'],
  ['3600', 'after an hour'],
  ['86400', 'after a day'],
  ['604800', 'after a week'],
]);

/**
 * @typedef {{ made: (key: { key: string | null }) => Promise<void>, show: () => Promise<void>, problem: HTMLElement }} KeyWork
 *
 * @param {readonly Key[]} keys
 * @param {KeyWork} work
 */
export function keysTable(keys, work) {
  const rows = keys.map((key) => [
    el('code', {}, key.id),
    key.createdAt.slice(0, 10),
    key.endsAt === null ? 'good' : `${hasEnded(key) ? 'ended' : 'ends'} ${moment(key.endsAt)}`,
    hasEnded(key) ? '' : keyActions(key, work),
  ]);
  return tableOf('Keys', ['ID', 'Made', 'State', 'Do'], rows);
}

/** @param {Key} key */
const hasEnded = ({ endsAt }) => endsAt !== null && Date.parse(endsAt) <= Date.now();

/**
 * @param {Key} key
 * @param {KeyWork} work
 */
function keyActions({ id }, { made, show, problem }) {
  const path = `/v1/keys/${encodeURIComponent(id)}`;
  const overlap = el(
    'select',
    { 'aria-label': `When key ${id} ends after it was rotated` },
    ...OVERLAPS.map(([seconds, text]) =>
      el('option', { value: seconds, selected: seconds === '86400' }, `ends ${text}`),
    ),
  );
  const rotate = async () =>
    made(await ask('POST', `${path}/rotate`, { overlapSeconds: Number(overlap.value) }));
  const revoke = async () => {
    if (
      !(await confirmed(
        `Revoke key ${id}?`,
        'It is refused from now on, by every gateway within a second.',
        'Revoke',
      ))
    )
      return;
    await ask('DELETE', path);
    await show();
  };
  return el(
    'span',
    { class: 'line' },
    named(actionButton('Rotate', rotate, problem), `Rotate key ${id}`),
    overlap,
    named(actionButton('Revoke', revoke, problem, 'grave'), `Revoke key ${id}`),
  );
}

/**
 * @param {HTMLElement} button
 * @param {string} name
 */
function named(button, name) {
  button.setAttribute('aria-label', name);
  return button;
}

/**
 * A key that was just made. It is nowhere but here.
 * @param {string | null} key
 */
export function shownOnce(key) {
  const field = el('input', {
    readonly: true,
    value: key ?? '',
    'aria-label': 'The new key',
    spellcheck: 'false',
  });
  const said = el('span', { role: 'status' });
  const copy = async () => {
    field.select();
    // Over plain HTTP from another machine a browser hides its clipboard.
    await navigator.clipboard?.writeText(field.value);
    said.textContent = navigator.clipboard ? 'Copied.' : 'It is selected: copy it.';
  };
  return el(
    'div',
    { class: 'secret' },
    el('strong', {}, 'The new key, shown only now'),
    field,
    actionButton('Copy', copy, said),
    ' ',
    said,
  );
}
