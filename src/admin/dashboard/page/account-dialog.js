/** @import { Key } from './keys.js' */
import { ask } from './api.js';
import { actionButton, attempt, confirmed, factsOf, openDialog, problemPlace } from './dialogs.js';
import { keysTable, shownOnce } from './keys.js';
import { count, el, moment } from './text.js';

/**
 * As `GET /v1/accounts/{account}` tells it.
 * @typedef {{ id: string, name: string, plan: string, callsPerMonth: number, callsPerSecond: number, suspended: boolean, expiresAt: string | null }} Account
 */

/**
 * An account, its keys, and what can be done with them.
 * @param {string} id
 */
export function openAccount(id) {
  const problem = problemPlace();
  const secret = el('div');
  const place = el('div');
  const { dialog } = openDialog('Account', place, secret, problem);
  const path = `/v1/accounts/${encodeURIComponent(id)}`;
  const show = async () => {
    /** @type {[Account, { values: Key[], next?: string }]} */
    const [account, keys] = await Promise.all([
      ask('GET', path),
      ask('GET', `/v1/keys?account=${encodeURIComponent(id)}`),
    ]);
    const title = dialog.querySelector('h2');
    if (title !== null) title.textContent = account.name;
    const change = async (/** @type {object} */ body) => {
      await ask('PATCH', path, body);
      await show();
    };
    const made = async (/** @type {{ key: string | null }} */ { key }) => {
      secret.replaceChildren(shownOnce(key));
      await show();
      secret.querySelector('input')?.select();
    };
    place.replaceChildren(
      factsOf([
        ['ID', account.id],
        [
          'Plan',
          `${account.plan}: ${count(account.callsPerMonth)} calls a month, ${count(account.callsPerSecond)} a second`,
        ],
        ['State', account.suspended ? 'suspended: its calls get 402' : 'active'],
        ['Ends', moment(account.expiresAt)],
      ]),
      el('h3', {}, 'Keys'),
      keysTable(keys.values, { made, show, problem }),
      el(
        'p',
        { class: 'line' },
        actionButton('New key', async () => made(await ask('POST', `${path}/keys`, {})), problem),
        suspendButton(account, change, problem),
      ),
    );
  };
  void attempt(show, problem);
}

/**
 * @param {Account} account
 * @param {(body: object) => Promise<void>} change
 * @param {HTMLElement} problem
 */
function suspendButton({ name, suspended }, change, problem) {
  if (suspended) return actionButton('Resume', () => change({ suspended: false }), problem);
  const suspend = async () => {
    if (await confirmed(`Suspend ${name}?`, 'Each of its calls gets 402 until it is resumed.', 'Suspend'))
      await change({ suspended: true });
  };
  return actionButton('Suspend', suspend, problem, 'grave');
}
