/** @import { Known } from './stream.js' */
/** @import { AccountMonth } from '../account-months.ts' */
import { openAccount } from './account-dialog.js';
import { ask } from './api.js';
import { actionButton, attempt, openDialog, problemPlace, tableOf } from './dialogs.js';
import { openNewAccount } from './new-account.js';
import { byId, count, el, keyed, say, short } from './text.js';

/** Makes the ways to an account work. */
export function startAccounts() {
  byId('new-account').addEventListener('click', openNewAccount);
  byId('all-accounts').addEventListener('click', openAll);
  byId('find-account').addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = /** @type {HTMLInputElement} */ (byId('account')).value.trim();
    void attempt(async () => {
      const { id } = await ask('GET', `/v1/accounts/${encodeURIComponent(wanted)}`);
      openAccount(id);
    }, byId('accounts-problem'));
  });
}

/** @param {Known} known */
export function showAccounts({ frame }) {
  keyed(byId('accounts'), frame.accounts, { keyOf: ({ id }) => id, create: createRow, update: updateRow });
}

/** @param {AccountMonth} account */
function createRow({ id }) {
  return el(
    'tr',
    {},
    el(
      'td',
      {},
      el('button', { type: 'button', class: 'plain name', click: () => openAccount(id) }),
      el('span'),
    ),
    el('td', {}, el('div', { class: 'bar', role: 'meter', 'aria-valuemin': 0 }, el('div')), el('span')),
    el('td'),
    el('td', { class: 'number' }),
  );
}

/**
 * @param {HTMLElement} row
 * @param {AccountMonth} account
 */
function updateRow(row, { name, plan, suspended, used, callsPerMonth, calls }) {
  const at = (/** @type {string} */ place) => /** @type {HTMLElement} */ (row.querySelector(place));
  say(at('td:nth-child(1) button'), name);
  at('td:nth-child(1) button').title = name;
  at('td:nth-child(1) span').className = suspended ? 'tag' : '';
  say(at('td:nth-child(1) span'), suspended ? 'suspended' : '');
  say(at('td:nth-child(3)'), plan);
  say(at('td:nth-child(4)'), count(calls));
  say(at('td:nth-child(2) > span'), `${count(used)} of ${short(callsPerMonth)}`);
  const part = Math.min(1, used / callsPerMonth);
  const bar = at('.bar');
  bar.dataset.state = part >= 1 ? 'full' : part >= 0.8 ? 'near' : '';
  bar.style.setProperty('--part', `${part * 100}%`);
  bar.setAttribute('aria-label', `Month of ${name}`);
  bar.setAttribute('aria-valuemax', String(callsPerMonth));
  bar.setAttribute('aria-valuenow', String(Math.min(used, callsPerMonth)));
}

/** All accounts, a hundred at a time. */
function openAll() {
  const problem = problemPlace();
  const list = tableOf('All accounts', ['Account', 'Plan', 'State'], []);
  const more = actionButton('More', () => read(), problem);
  more.hidden = true;
  openDialog('All accounts', list, el('p', { class: 'line' }, more), problem);
  let cursor = '';
  const read = async () => {
    const { values, next } = await ask(
      'GET',
      `/v1/accounts${cursor && `?cursor=${encodeURIComponent(cursor)}`}`,
    );
    list
      .querySelector('tbody')
      ?.append(
        ...values.map(
          (/** @type {{ id: string, name: string, plan: string, suspended: boolean }} */ account) =>
            el(
              'tr',
              {},
              el(
                'td',
                {},
                el(
                  'button',
                  { type: 'button', class: 'plain name', click: () => openAccount(account.id) },
                  account.name,
                ),
              ),
              el('td', {}, account.plan),
              el('td', {}, account.suspended ? 'suspended' : 'active'),
            ),
        ),
      );
    cursor = next ?? '';
    more.hidden = next === undefined;
  };
  void attempt(read, problem);
}
