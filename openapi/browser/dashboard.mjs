import { end, faults, judge, newPage, VIEWS } from './watched.mjs';

/**
 * Looks at the dashboard as an operator does, and does by keyboard all that can be done there. Arguments: the door's
 * URL, its token, base URL of the gateway, a key of it, folder for pictures.
 */
const [door = '', token = '', base = '', key = '', pictures = '.'] = process.argv.slice(2);
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const MARKUP = `<img src=x onerror=alert(1)> ${Date.now()}`;

const check = (is, text) => is || faults.push(text);
const statusWith = async (key, path = '/v1/meta') =>
  (await fetch(base + path, { headers: { 'x-oanor-key': key } })).status;

/** A browser says of the login page that it came as 401. */
const isLogin = (message) => message.location().url === `${door}/`;

async function open(name, options) {
  const page = await newPage(door, { ...options, bypassCSP: false }, isLogin);
  page.on('dialog', (dialog) => {
    faults.push(`${name}: a script of somebody else says ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(`${door}/`);
  await judge(`${name}, login`, page, RULES);
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await page.locator('.exit').first().waitFor();
  await page.waitForTimeout(2_500);
  await judge(name, page, RULES);
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  check(!isTooWide, `${name}: wider than the screen`);
  check((await page.locator('#line').textContent()).startsWith('Live'), `${name}: not live`);
  await page.screenshot({ path: `${pictures}/dashboard-${name}.png`, fullPage: true });
  return page;
}

/** Goes by Tab until `target` has the focus. */
async function reach(page, target) {
  for (let i = 0; i < 120; i += 1) {
    if ((await target.count()) > 0 && (await target.first().evaluate((it) => it === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come to ${target}`);
}

async function press(page, target) {
  await reach(page, target);
  await page.keyboard.press('Enter');
}

/** The top dialog's own; those below it cannot be come to. */
const inDialog = (page) => page.getByRole('dialog').last();
const button = (place, name) => place.getByRole('button', { name });

async function shownKey(page, before = '') {
  const field = page.getByLabel('The new key');
  await page.waitForFunction(
    (before) => ![before, '', undefined].includes(document.querySelector('.secret input')?.value),
    before,
  );
  return field.inputValue();
}

async function closeDialog(page) {
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
}

async function keysAndAccounts(page) {
  await press(page, button(page, 'New account'));
  await reach(page, inDialog(page).getByLabel('Name'));
  await page.keyboard.type(MARKUP);
  await reach(page, inDialog(page).getByLabel('Plan'));
  await page.keyboard.type('mega');
  await press(page, button(page, 'Make it, with a key'));
  const first = await shownKey(page);
  check((await statusWith(first)) === 200, 'a new key does not work');
  await judge('a new key', page, RULES);
  await page.screenshot({ path: `${pictures}/dashboard-key.png` });
  await closeDialog(page);
  check(!(await page.content()).includes(first), 'a key stays in the page');
  check(await button(page, 'New account').evaluate((it) => it === document.activeElement), 'the focus is lost');

  await reach(page, page.getByLabel('Account (ID or name)'));
  await page.keyboard.type(MARKUP);
  await page.keyboard.press('Enter');
  await inDialog(page).getByRole('heading', { name: MARKUP }).waitFor();
  await judge('an account', page, RULES);
  await press(page, button(inDialog(page), /^Rotate/));
  const second = await shownKey(page);
  check((await statusWith(second)) === 200, 'a rotated key does not work');
  await page.screenshot({ path: `${pictures}/dashboard-account.png` });
  await press(page, button(inDialog(page), 'New key'));
  const third = await shownKey(page, second);
  check((await statusWith(third)) === 200, 'another key does not work');
  await press(page, button(inDialog(page), `Revoke key ${third.split('_').at(-1).slice(0, 8)}`));
  await judge('a question', page, RULES);
  await press(page, button(inDialog(page), 'Revoke'));
  await inDialog(page).getByText(/^ended/).waitFor();
  check((await statusWith(third)) === 401, 'a revoked key works');
  await press(page, button(inDialog(page), 'Suspend'));
  await press(page, button(inDialog(page), 'Suspend'));
  await button(inDialog(page), 'Resume').waitFor();
  check((await statusWith(second)) === 402, 'a suspended account is served');
  await press(page, button(inDialog(page), 'Resume'));
  await button(inDialog(page), 'Suspend').waitFor();
  check((await statusWith(second)) === 200, 'a resumed account is not served');
  await closeDialog(page);
  await press(page, button(page, 'All accounts'));
  await inDialog(page).getByRole('button', { name: MARKUP }).waitFor();
  await judge('all accounts', page, RULES);
  await closeDialog(page);
}

async function exitsAndStories(page) {
  await reach(page, page.locator('.exit').first());
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await judge('an exit', page, RULES);
  await press(page, button(inDialog(page), 'Set aside'));
  await press(page, button(inDialog(page), 'Set aside'));
  await button(inDialog(page), 'Bring back').waitFor();
  await closeDialog(page);
  await page.locator('.exit[data-state="set_aside"]').waitFor();
  await page.keyboard.press('Enter');
  await press(page, button(inDialog(page), 'Bring back'));
  await button(inDialog(page), 'Set aside').waitFor();
  await closeDialog(page);

  await statusWith(key, '/v1/repo?repo=acme/nothing');
  await page.getByRole('cell', { name: 'upstream_not_found' }).first().waitFor();
  await press(page, page.getByRole('button', { name: /^Story of call/ }).first());
  await inDialog(page).getByText('Ended').waitFor();
  await judge('a story', page, RULES);
  await page.screenshot({ path: `${pictures}/dashboard-story.png` });
  await closeDialog(page);
}

/** What the page tells is what `/metrics` tells, once nothing is under way. */
async function agreesWithMetrics(page) {
  for (const path of ['/v1/repo?repo=acme/big', '/v1/repo/tags?repo=acme/big', '/v1/repo?repo=nope', '/v1/meta'])
    for (let i = 0; i < 5; i += 1) await statusWith(key, path);
  const metrics = await (await fetch(`${door}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  const calls = {};
  for (const [, status, count] of metrics.matchAll(/^gateway_calls_total\{.*status="(\d+)".*\} (\d+)$/gm))
    calls[status] = (calls[status] ?? 0) + Number(count);
  const told = Object.entries(calls).map(([status, count]) => `${status}: ${count.toLocaleString('en')}`);
  await page.getByText(`Since the start ${told.join(' · ')}`, { exact: true }).waitFor();
}

/** Another port of the same host: its pages get the cookie along, so that only the origin tells them apart. */
async function fromElsewhere(page) {
  const id = await page.locator('.exit').first().getAttribute('data-key');
  const other = await page.context().newPage();
  await other.goto(`${base}/openapi.json`);
  const answered = other.waitForResponse((response) => response.url().includes('/set-aside'));
  await other.evaluate((url) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url });
    document.documentElement.append(form);
    form.submit();
  }, `${door}/v1/exits/${id}/set-aside`);
  const response = await answered;
  check(response.status() === 403, `a page of another origin got ${response.status()}`);
  check('cookie' in (await response.request().allHeaders()), 'a page of another origin had not even the cookie');
  await other.close();
  await page.waitForTimeout(2_500);
  check((await page.locator('.exit').first().getAttribute('data-state')) === 'healthy', 'it was set aside all the same');
}

const wide = await open('wide-light', { viewport: VIEWS.wide, colorScheme: 'light' });
await keysAndAccounts(wide);
await exitsAndStories(wide);
await agreesWithMetrics(wide);
await fromElsewhere(wide);
await press(wide, button(wide, 'Log out'));
await wide.waitForURL(`${door}/login`);
await wide.goto(`${door}/`);
check((await wide.locator('#token').count()) === 1, 'the login goes on after it was ended');
await wide.close();
for (const [name, viewport] of Object.entries(VIEWS))
  for (const colorScheme of ['light', 'dark'])
    await (await open(`${name}-${colorScheme}`, { viewport, colorScheme })).close();
await end();
