import { chromium } from 'playwright-core';

/** Reads the docs page as a browser does. Arguments: base URL, key, folder for pictures. */
const [base = '', key = '', pictures = '.'] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
const faults = [];

async function open(name, options) {
  const page = await browser.newPage(options);
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(new URL(base).origin))
      faults.push(`asks ${request.url()}`);
  });
  await page.goto(`${base}/docs#tag/repository/GET/v1/repo`);
  await page
    .getByRole('button', { name: /Test Request/ })
    .first()
    .waitFor();
  await page.screenshot({ path: `${pictures}/${name}.png` });
  return page;
}

const wide = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
for (const colorScheme of ['light', 'dark']) {
  await (await open(`phone-${colorScheme}`, { viewport: phone, colorScheme })).close();
  const page = await open(`wide-${colorScheme}`, { viewport: wide, colorScheme });
  if (colorScheme === 'dark') continue;
  await page
    .getByRole('button', { name: /Test Request/ })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=text], input[type=password]').first().fill(key);
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
