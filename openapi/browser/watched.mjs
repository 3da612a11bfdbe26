import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
export const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });

/** What went wrong on any page. */
export const faults = [];

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What WCAG AA, or whichever rules are named, finds on the page as it stands, and whether it is one page with one title. */
export async function judge(name, page, rules = WCAG) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly }), rules);
  for (const { id, nodes } of violations)
    faults.push(`${name}: ${id} ${nodes.map(({ target, html }) => `${target} ${html.slice(0, 120)}`).join(', ')}`);
  for (const one of ['title', 'main', 'h1', 'h1:visible']) {
    const count = await page.locator(one).count();
    if (count !== 1) faults.push(`${name}: ${count} ${one}`);
  }
}

/** A page that may ask nothing but of `origin`, and that says no error; `isExpected` excuses some. */
export async function newPage(origin, options, isExpected = () => false) {
  // Only so that axe can be put into any page; what it asks for is watched all the same.
  const context = await browser.newContext({ bypassCSP: true, ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message)) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) faults.push(`asks ${request.url()}`);
  });
  return page;
}

export const VIEWS = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

/** Throws where anything went wrong. */
export async function end() {
  await browser.close();
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
