import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

/** Reads the docs page as a browser does. Arguments: base URL, key, folder for pictures. */
const [base = '', key = '', pictures = '.'] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
const faults = [];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What WCAG AA finds on the page as it stands. */
async function judge(name, page) {
  await page.waitForTimeout(1_000);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly }), WCAG);
  for (const { id, nodes } of violations)
    faults.push(`${name}: ${id} ${nodes.map(({ target, html }) => `${target} ${html.slice(0, 120)}`).join(', ')}`);
  const mains = await page.locator('main').count();
  if (mains !== 1) faults.push(`${name}: ${mains} main`);
}

async function open(name, options) {
  // Only so that axe can be put into the page; what the page asks for is watched all the same.
  const page = await browser.newPage({ ...options, bypassCSP: true });
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(new URL(base).origin))
      faults.push(`asks ${request.url()}`);
  });
  const startedAtMs = performance.now();
  await page.goto(`${base}/docs#tag/repository/GET/v1/repo`);
  await page
    .getByRole('button', { name: /Test Request/ })
    .first()
    .waitFor({ timeout: 90_000 });
  console.log(`${name}: usable after ${Math.round(performance.now() - startedAtMs)} ms`);
  await judge(name, page);
  await page.screenshot({ path: `${pictures}/${name}.png` });
  return page;
}

const wide = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
for (const colorScheme of ['light', 'dark']) {
  await (await open(`phone-${colorScheme}`, { viewport: phone, colorScheme })).close();
  const page = await open(`wide-${colorScheme}`, { viewport: wide, colorScheme });
  if (colorScheme === 'dark') continue;
  // Typed once, above: kept for this tab and for no other.
  await page.locator('#key').fill(key);
  await page.locator('#key').blur();
  await page.goto('about:blank');
  await page.goto(`${base}/docs#tag/repository/GET/v1/repo`);
  const test = page.getByRole('button', { name: /Test Request/ }).first();
  await test.waitFor({ timeout: 90_000 });
  const stored = await page.evaluate(() => [localStorage.length, document.getElementById('key').value]);
  if (stored[1] !== key || JSON.stringify(await page.evaluate(() => ({ ...localStorage }))).includes(key))
    faults.push(`the key is not kept as it should be: ${stored[0]}`);
  await test.click();
  const dialog = page.getByRole('dialog');
  const answered = page.waitForResponse((response) => response.url().includes('/v1/repo?'));
  await dialog.getByRole('button', { name: /^Send/ }).first().click();
  const answer = await answered;
  if (answer.status() !== 200) faults.push(`the try-it call ended with ${answer.status()}`);
  if (!(await answer.request().allHeaders())['x-oanor-key']) faults.push('the try-it call had no key');
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${pictures}/try-it.png` });
}
await browser.close();
if (faults.length > 0) throw new Error(faults.join('\n'));
