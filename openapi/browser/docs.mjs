import { end, faults, judge, newPage, VIEWS } from './watched.mjs';

/** Reads the docs page as a browser does, and tries a call in it. Arguments: base URL, key, folder for pictures. */
const [base = '', key = '', pictures = '.'] = process.argv.slice(2);
const PATIENCE_MS = 90_000;
/** What the main thread may work until the page can be read and used. Not wall time, which a busy machine stretches. */
const MOST_CPU_MS = 1_000;

async function look(name, page) {
  await page.waitForTimeout(1_000);
  await judge(name, page);
  await page.screenshot({ path: `${pictures}/${name}.png` });
}

const open = (options) => newPage(new URL(base).origin, options);

/** Readable and usable at once: nothing is loaded beside it, and its links can be followed. */
async function readDocs(name, options) {
  const page = await open(options);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const startedAtMs = performance.now();
  await page.goto(`${base}/docs`, { waitUntil: 'commit' });
  await page.getByRole('link', { name: 'Endpoints', exact: true }).click({ trial: true });
  const usableMs = performance.now() - startedAtMs;
  const { metrics } = await cdp.send('Performance.getMetrics');
  const cpuMs = 1_000 * metrics.find((metric) => metric.name === 'TaskDuration').value;
  const paintMs = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  console.log(
    `${name}: first paint ${Math.round(paintMs)} ms, usable ${Math.round(usableMs)} ms, main thread ${Math.round(cpuMs)} ms`,
  );
  if (cpuMs > MOST_CPU_MS) faults.push(`${name}: the main thread works ${Math.round(cpuMs)} ms`);
  await look(name, page);
  const beside = asked.filter((url) => !url.startsWith('data:')).slice(1);
  if (beside.length > 0) faults.push(`${name}: loads ${beside.join()} before anyone asks for it`);
  return page;
}

const testRequest = (place) => place.getByRole('button', { name: /Test Request/ }).first();

async function readConsole(name, options) {
  const page = await open(options);
  await page.goto(`${base}/docs/console#tag/repository/GET/v1/repo`);
  await testRequest(page).waitFor({ timeout: PATIENCE_MS });
  await look(name, page);
  await page.close();
}

/** The key, typed once, is kept for this tab and for no other; a call from an endpoint's own link ends well. */
async function tryCall(page) {
  await page.locator('#key').fill(key);
  await page.locator('#key').blur();
  await page.goto('about:blank');
  await page.goto(`${base}/docs`);
  const kept = await page.evaluate(() => [document.getElementById('key').value, JSON.stringify({ ...localStorage })]);
  if (kept[0] !== key || kept[1].includes(key)) faults.push('the key is not kept as it should be');
  await page.getByRole('radio', { name: 'Go' }).check();
  const samples = await page.locator('pre.sample:visible').allTextContents();
  if (samples.length !== 11 || !samples.every((text) => text.includes('package main') && text.includes(base)))
    faults.push(`the samples in Go are ${samples.length}: ${samples[0]}`);
  await page.getByRole('link', { name: 'Try it: Repository detail' }).click();
  const frame = page.frameLocator('iframe');
  await testRequest(frame).click({ timeout: PATIENCE_MS });
  const dialog = frame.getByRole('dialog');
  const answered = page.waitForResponse((response) => response.url().includes('/v1/repo?'));
  await dialog.getByRole('button', { name: /^Send/ }).first().click();
  const answer = await answered;
  if (answer.status() !== 200) faults.push(`the try-it call ended with ${answer.status()}`);
  if ((await answer.request().allHeaders())['x-oanor-key'] !== key) faults.push('the try-it call had no key');
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${pictures}/try-it.png` });
}

/** The console is there for who scrolls to it, and for a link to one of its places. */
async function reachConsole() {
  const page = await open({});
  await page.goto(`${base}/docs`);
  await page.locator('iframe').scrollIntoViewIfNeeded();
  const title = page.frameLocator('iframe').getByRole('heading', { level: 1 });
  await title.waitFor({ timeout: PATIENCE_MS });
  await page.goto('about:blank');
  await page.goto(`${base}/docs#tag/repository/GET/v1/repo/tags`);
  await testRequest(page.frameLocator('iframe')).waitFor({ timeout: PATIENCE_MS });
  if (!page.frames()[1]?.url().endsWith('#tag/repository/GET/v1/repo/tags'))
    faults.push(`a deep link leads to ${page.frames()[1]?.url()}`);
  await page.close();
}

const { wide, phone } = VIEWS;
for (const colorScheme of ['light', 'dark']) {
  await (await readDocs(`docs-phone-${colorScheme}`, { viewport: phone, colorScheme })).close();
  const page = await readDocs(`docs-wide-${colorScheme}`, { viewport: wide, colorScheme });
  if (colorScheme === 'light') await tryCall(page);
  await page.close();
  await readConsole(`console-phone-${colorScheme}`, { viewport: phone, colorScheme });
  await readConsole(`console-wide-${colorScheme}`, { viewport: wide, colorScheme });
}
await reachConsole();
await end();
