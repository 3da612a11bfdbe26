import { ask } from './api.js';
import { attempt, factsOf, openDialog, problemPlace } from './dialogs.js';
import { shownOnce } from './keys.js';
import { el } from './text.js';

/** Asks for a name and a plan, makes the account and shows its first key. */
export function openNewAccount() {
  const problem = problemPlace();
  const form = el(
    'form',
    { class: 'fields', submit: (event) => event.preventDefault() },
    field('Name', el('input', { name: 'name', required: true, maxlength: 200, autocomplete: 'off' })),
    field(
      'Plan',
      el(
        'select',
        { name: 'plan' },
        ...['free', 'starter', 'pro', 'mega'].map((plan) => el('option', { value: plan }, plan)),
      ),
    ),
    field(
      'Calls a month, where not the plan’s',
      el('input', { name: 'callsPerMonth', type: 'number', min: 1 }),
    ),
    field(
      'Calls a second, where not the plan’s',
      el('input', { name: 'callsPerSecond', type: 'number', min: 1 }),
    ),
    el('p', { class: 'line' }, el('button', {}, 'Make it, with a key')),
    problem,
  );
  const { body, dialog } = openDialog('New account', form);
  form.addEventListener('submit', () => void attempt(make, problem, form.querySelector('button')));
  const make = async () => {
    const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));
    const limits = Object.fromEntries(
      ['callsPerMonth', 'callsPerSecond']
        .filter((name) => name in given)
        .map((name) => [name, Number(given[name])]),
    );
    const { id, name, key } = await ask('POST', '/v1/accounts', { ...given, ...limits });
    const title = dialog.querySelector('h2');
    if (title !== null) title.textContent = name;
    body.replaceChildren(shownOnce(key), factsOf([['Account', id]]));
    body.querySelector('input')?.select();
  };
}

/**
 * @param {string} name
 * @param {HTMLElement} input
 */
const field = (name, input) => el('div', {}, el('label', {}, name, input));
