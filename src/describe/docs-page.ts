import { codeOf, FAILURE_NAMES, FAILURES } from '../domain/failure.ts';
import { KEY_HEADER } from '../domain/headers.ts';
import { PLANS } from '../domain/plan.ts';
import { endpointSections, LANGUAGE_STYLE, languageChoice } from './docs-endpoints.ts';
import { escapeHtml, type HtmlPage, inlineHtml, policyOf, sourceHashOf } from './html.ts';
import { absolute, type Described, TAGS } from './llms.ts';
import { PUBLISHED } from './openapi-responses.ts';

/** Under this name the key is kept in the tab's own storage, which ends with the tab. */
export const KEY_STORE = KEY_HEADER;

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent);--soft:color-mix(in srgb,currentColor 5%,transparent);scroll-padding-top:1rem;background:light-dark(#fff,#141414);color:light-dark(#141414,#f0f0f0)}
body{margin:0;font:16px/1.55 system-ui,sans-serif}
main{max-width:52rem;padding:1rem 1.25rem;box-sizing:border-box;min-width:0}
nav{padding:1rem 1.25rem;font-size:.95rem}nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:0 1rem}nav ul+ul{display:none}nav a{display:inline-block;padding:.1rem 0}
iframe{width:100%;height:min(90vh,60rem);border:1px solid var(--line);border-radius:.4rem}
@media(min-width:60rem){body{display:grid;grid-template-columns:15rem minmax(0,1fr)}nav{position:sticky;top:0;height:100vh;overflow:auto;box-sizing:border-box;border-right:1px solid var(--line)}nav ul,nav ul+ul{display:block;margin-bottom:.75rem}main{padding:1rem 2.5rem}iframe{width:calc(100vw - 22rem)}}
h1{line-height:1.2}h2{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1.5rem}h4{font-size:1.1rem;margin:0}
article{margin:1.5rem 0 2.5rem}.path{margin:.25rem 0}.try{margin-left:.75rem}
pre,code{font:14px/1.5 ui-monospace,monospace}code{background:var(--soft);border-radius:.25rem;padding:.05rem .2rem;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.75rem 0;padding:.75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--soft)}
ol{padding-left:1.2rem}li{margin:.5rem 0}nav li{margin:0}dd{margin:0 0 .4rem 1.2rem}
input:not([type=radio]){font:inherit;padding:.3rem .5rem;width:min(24rem,100%);box-sizing:border-box}
fieldset{border:1px solid var(--line);border-radius:.4rem}fieldset label{display:inline-block;padding:.2rem .4rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}td code{white-space:nowrap}
a{color:light-dark(#0b57d0,#8ab4f8)}
${LANGUAGE_STYLE}`;

/** Samples name this gateway as it was reached; the key is kept for the visit alone; a call is tried where it is seen. */
const SCRIPT = `
const published = new URL('${PUBLISHED}');
for (const example of document.querySelectorAll('pre, code')) {
  const text = example.textContent.replaceAll(published.origin, location.origin).replaceAll('"' + published.host + '"', '"' + location.host + '"');
  example.textContent = location.protocol === 'https:' ? text : text.replace('HTTPSConnection', 'HTTPConnection').replace('use_ssl = true', 'use_ssl = false');
}
const field = document.getElementById('key');
field.value = sessionStorage.getItem('${KEY_STORE}') ?? '';
field.addEventListener('change', () => sessionStorage.setItem('${KEY_STORE}', field.value));
const frame = document.querySelector('iframe');
for (const link of document.querySelectorAll('a.try')) link.addEventListener('click', () => frame.scrollIntoView());
if (location.hash.startsWith('#tag/')) {
  frame.src = 'docs/console' + location.hash;
  frame.scrollIntoView();
}`;

/**
 * The documentation for people: all of it stands in the page and is read and used without a script. The console to try
 * calls in, which takes a browser seconds to build, is loaded when it comes into sight.
 */
export function docsPage({ table, base }: Described): HtmlPage {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Bitbucket API</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<nav aria-label="On this page">
<ul>${[...SECTIONS].map(([id, title]) => linkTo(id, title)).join('')}</ul>
${TAGS.map((tag) => `<ul aria-label="${tag}">${contentsOf(table.filter((row) => row.tag === tag))}</ul>`).join('')}
</nav>
<main>
${introduction(escapeHtml(absolute(base)))}
${section('limits', plans(escapeHtml(absolute(base))))}
${section('codes', codes())}
${section('endpoints', `<p>Each also takes <code>pretty=1</code>, which sets white space for a reader, and <code>If-None-Match</code> with the <code>ETag</code> of an answer from before.</p>${languageChoice()}${endpointSections(table)}`)}
${section('console', '<p>With your key from above, against this gateway. <a href="docs/console">On a page of its own</a></p><iframe name="console" title="Console" src="docs/console" loading="lazy"></iframe>')}
</main>
<script>${SCRIPT}</script>
</html>
`;
  const policy = policyOf({
    'style-src': sourceHashOf(STYLE),
    'script-src': sourceHashOf(SCRIPT),
    'img-src': 'data:',
    'frame-src': "'self'",
    'frame-ancestors': "'none'",
  });
  return { html, policy };
}

const SECTIONS = new Map([
  ['start', 'Start'],
  ['limits', 'What you may call'],
  ['codes', 'When it says no'],
  ['endpoints', 'Endpoints'],
  ['console', 'Try it'],
]);

const section = (id: string, content: string) =>
  `<section aria-labelledby="${id}"><h2 id="${id}">${SECTIONS.get(id)}</h2>\n${content}</section>`;

const linkTo = (id: string, title: string) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`;

const contentsOf = (rows: Described['table']) =>
  rows.map(({ operationId, summary }) => linkTo(operationId, summary)).join('');

const introduction = (at: string) => `<h1 id="start">Bitbucket API</h1>
<p>Read any public repository and workspace of Bitbucket Cloud, live, with one API key and no token of Bitbucket.</p>
<ol>
<li><label for="key">Your key</label> (made at <code>www.oanor.com/developer/keys</code>; kept here for this visit only)<br><input id="key" type="password" autocomplete="off" spellcheck="false"></li>
<li>One call:
<pre>curl -H "x-oanor-key: $KEY" "${at}/v1/repo?repo=atlassian%2Fatlassian-event"</pre>
Answers are Bitbucket's own JSON in an envelope: <code>data</code>, <code>meta</code>, <code>status</code>, <code>message</code>, <code>success</code>.</li>
<li>The next page: follow <code>Link: &lt;…&gt;; rel="next"</code>, which needs nothing added, until it is absent.
<pre>curl -i -H "x-oanor-key: $KEY" "${at}/v1/repo/branches?repo=atlassian%2Fatlassian-event"</pre></li>
</ol>
<p>Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old. For machines: <a href="openapi.json">OpenAPI</a>, <a href="postman.json">Postman</a>, <a href="llms.txt">llms.txt</a>, <a href="llms-full.txt">llms-full.txt</a>; for agents the MCP server at <code>${at}/mcp</code>.</p>`;

function plans(at: string): string {
  const rows = Object.entries(PLANS).map(
    ([name, { callsPerMonth, callsPerSecond }]) =>
      `<tr><td>${name}</td><td>${callsPerMonth.toLocaleString('en')}</td><td>${callsPerSecond}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">plan</th><th scope="col">calls a month</th><th scope="col">calls a second</th></tr></thead><tbody>${rows.join('')}</tbody></table>
<p>What is left stands in <code>x-ratelimit-*</code> and <code>x-quota-*</code>; on 429 and 503 wait as long as <code>Retry-After</code> says. <code>${at}/usage</code> tells both, and the month by day, endpoint and outcome; it costs nothing.</p>`;
}

function codes(): string {
  const rows = FAILURE_NAMES.map((name) => {
    const { status, advice, charged } = FAILURES[name];
    const code = codeOf(name);
    return `<tr><td>${status}</td><td><a href="docs/errors/${code}.md"><code>${code}</code></a></td><td>${inlineHtml(advice)}</td><td>${charged ? 'yes' : 'no'}</td></tr>`;
  });
  return `<p>Every code, what to do about it, and whether it costs a call.</p>
<div class="wide" tabindex="0" role="region" aria-labelledby="codes"><table>
<thead><tr><th scope="col">status</th><th scope="col"><code>meta.code</code></th><th scope="col">what to do</th><th scope="col">costs a call</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>`;
}
