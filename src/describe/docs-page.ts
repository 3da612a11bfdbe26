import { hash } from 'node:crypto';
import { codeOf, FAILURE_NAMES, FAILURES } from '../domain/failure.ts';
import { PLANS } from '../domain/plan.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import type { Described } from './llms.ts';

/** A page and the policy that lets it do no more than it must. */
export interface DocsPage {
  readonly html: string;
  readonly policy: string;
}

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{margin:0}header{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
header pre,header code{font:14px/1.5 ui-monospace,monospace}
header pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:.4rem}
header ol{padding-left:1.2rem}header input{font:inherit;padding:.3rem .5rem;width:min(24rem,100%);box-sizing:border-box}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
a{color:light-dark(#0b57d0,#8ab4f8)}`;

/** Colours of the reference that were too pale to read, and its second title. */
const REFERENCE_STYLE = `
.introduction-section h1{display:none}
.light-mode{--scalar-color-2:#3b3b3b;--scalar-color-3:#595959;--scalar-color-orange:#8f3d00;--scalar-color-green:#00622c;--scalar-color-blue:#004a9f;--scalar-color-red:#a5000f;--scalar-color-purple:#5a2ca0;--scalar-color-yellow:#6b5200}
.dark-mode{--scalar-color-2:#d0d0d0;--scalar-color-3:#b4b4b4}
.light-mode .hljs-number{color:#8f3d00}`;

/**
 * Try-it calls go to the gateway that served the page, and nothing is asked of or told to anyone else. The key is kept
 * for the visit alone: the tab's own storage ends with the tab.
 */
const SCRIPT = `
for (const example of document.querySelectorAll('header pre'))
  example.textContent = example.textContent.replaceAll('"/', '"' + location.origin + '/');
const KEY = 'x-oanor-key';
const field = document.getElementById('key');
field.value = sessionStorage.getItem(KEY) ?? '';
const configuration = () => ({
  url: 'openapi.json',
  servers: [{ url: location.origin + '${BASE_PATH}' }],
  authentication: { preferredSecurityScheme: 'oanorKey', securitySchemes: { oanorKey: { name: KEY, in: 'header', value: field.value } } },
  withDefaultFonts: false, telemetry: false, persistAuth: false,
  agent: { disabled: true }, mcp: { disabled: true }, hideClientButton: true,
  documentDownloadType: 'direct', showDeveloperTools: 'never',
  customCss: ${JSON.stringify(REFERENCE_STYLE)},
});
let reference;
document.querySelector('script[src]').addEventListener('load', () => {
  reference = Scalar.createApiReference('#reference', configuration());
});
field.addEventListener('change', () => {
  sessionStorage.setItem(KEY, field.value);
  reference?.updateConfiguration(configuration());
});
const mend = () => {
  for (const box of document.querySelectorAll('#reference [role=combobox]:not([aria-expanded])')) {
    box.setAttribute('aria-expanded', 'false');
    box.setAttribute('aria-controls', 'reference');
  }
  for (const box of document.querySelectorAll('#reference pre, #reference .scrollable, #reference .custom-scroll, #reference .table-wrapper'))
    if (!box.hasAttribute('tabindex') && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)) box.tabIndex = 0;
};
let waiting = 0;
new MutationObserver(() => {
  clearTimeout(waiting);
  waiting = setTimeout(mend, 100);
}).observe(document.getElementById('reference'), { childList: true, subtree: true });`;

/**
 * The documentation for people: what a newcomer does first, readable before anything is loaded, and behind it the
 * description drawn by `scriptName`. All of it from here.
 */
export function docsPage({ base }: Described, scriptName: string): DocsPage {
  const at = escapeHtml(base);
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Bitbucket API</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<header>
<h1>Bitbucket API</h1>
<p>Read any public repository and workspace of Bitbucket Cloud, live, with one API key and no token of Bitbucket.</p>
<ol>
<li><label for="key">Your key</label> (made at <code>www.oanor.com/developer/keys</code>; kept here for this visit only)<br><input id="key" type="password" autocomplete="off" spellcheck="false"></li>
<li>One call:
<pre tabindex="0">curl -H "x-oanor-key: $KEY" "${at}/v1/repo?repo=atlassian%2Fatlassian-event"</pre>
Answers are Bitbucket's own JSON in an envelope: <code>data</code>, <code>meta</code>, <code>status</code>, <code>message</code>, <code>success</code>.</li>
<li>The next page: follow <code>Link: &lt;…&gt;; rel="next"</code>, which needs nothing added, until it is absent.
<pre tabindex="0">curl -i -H "x-oanor-key: $KEY" "${at}/v1/repo/branches?repo=atlassian%2Fatlassian-event"</pre></li>
</ol>
<p>Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old. For machines: <a href="openapi.json">OpenAPI</a>, <a href="postman.json">Postman</a>, <a href="llms.txt">llms.txt</a>, <a href="llms-full.txt">llms-full.txt</a>; for agents the MCP server at <code>${at}/mcp</code>.</p>
<section aria-labelledby="limits"><h2 id="limits">What you may call</h2>
<p>${plans()}. What is left stands in <code>x-ratelimit-*</code> and <code>x-quota-*</code>; on 429 and 503 wait as long as <code>Retry-After</code> says. <code>${at}/usage</code> tells both, and the month by day, endpoint and outcome; it costs nothing.</p></section>
<section aria-labelledby="codes"><h2 id="codes">When it says no</h2>
<details><summary>Every code, what to do about it, and whether it costs a call</summary>
<div class="wide" tabindex="0" role="region" aria-labelledby="codes"><table>
<thead><tr><th scope="col">status</th><th scope="col"><code>meta.code</code></th><th scope="col">what to do</th><th scope="col">costs a call</th></tr></thead>
<tbody>${codes()}</tbody></table></div></details></section>
</header>
<div id="reference"></div>
<script src="docs/${scriptName}" defer></script>
<script>${SCRIPT}</script>
</html>
`;
  return { html, policy: policyOf(SCRIPT) };
}

/** Scalar writes its styles into the page; scripts are its own file and the one above alone. */
const policyOf = (script: string) =>
  [
    "default-src 'none'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "style-src 'unsafe-inline'",
    `script-src 'self' 'sha256-${hash('sha256', script, 'base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const plans = () =>
  Object.entries(PLANS)
    .map(
      ([name, { callsPerMonth, callsPerSecond }]) =>
        `${name} ${callsPerMonth.toLocaleString('en')} a month and ${callsPerSecond} a second`,
    )
    .join(', ');

const codes = () =>
  FAILURE_NAMES.map((name) => {
    const { status, advice, charged } = FAILURES[name];
    const code = codeOf(name);
    const words = escapeHtml(advice).replace(/`([^`]+)`/g, '<code>$1</code>');
    return `<tr><td>${status}</td><td><a href="docs/errors/${code}.md"><code>${code}</code></a></td><td>${words}</td><td>${charged ? 'yes' : 'no'}</td></tr>`;
  }).join('');

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
