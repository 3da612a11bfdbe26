import { hash } from 'node:crypto';
import { FAILURES } from '../domain/failure.ts';
import { PLANS } from '../domain/plan.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { exampleQuery, type Told } from './llms.ts';
import { parametersOf } from './openapi.ts';

/** A page and the policy that lets it do no more than it must. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
pre,code{font:14px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:.4rem}
table{border-collapse:collapse;display:block;overflow:auto}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
section{border-top:1px solid var(--line);margin-top:2rem}label{display:inline-block;margin:.25rem 1rem .25rem 0}
input{font:inherit;padding:.2rem .4rem;max-width:100%}button{font:inherit;padding:.2rem 1rem}output{display:block}`;

const SCRIPT = `
for (const form of document.forms) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll('input[name]')) if (field.value) query.set(field.name, field.value);
  const output = form.querySelector('output pre');
  output.textContent = '…';
  const response = await fetch(form.dataset.url + '?' + query, { headers: { 'x-oanor-key': document.getElementById('key').value } });
  const lines = [...response.headers].map(([name, value]) => name + ': ' + value);
  output.textContent = response.status + '\\n' + lines.join('\\n') + '\\n\\n' + JSON.stringify(await response.json(), null, 2);
});`;

/** The documentation for people: one page from the table, nothing fetched from anywhere else. */
export function docsPage({ table, base }: Told): Page {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Bitbucket API</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>Bitbucket API</h1>
<p>Read any public repository and workspace of Bitbucket Cloud, live, with one API key and no token of Bitbucket.</p>
<pre>curl -H "x-oanor-key: $KEY" "${escapeHtml(base)}/v1/repo?repo=atlassian%2Fatlassian-event"</pre>
<p>Answers are Bitbucket's own JSON in an envelope: <code>data</code>, <code>meta</code>, <code>status</code>, <code>message</code>, <code>success</code>. Lists go on at <code>Link: &lt;…&gt;; rel="next"</code>. Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old.</p>
<p>Plans: ${plans()}. What is left stands in <code>x-ratelimit-*</code> and <code>x-quota-*</code>; on 429 and 503 wait as long as <code>Retry-After</code> says.</p>
<p>Errors carry <code>meta.code</code>: ${codes()}.</p>
<p>For machines: <a href="openapi.json">OpenAPI</a>, <a href="llms.txt">llms.txt</a>, <a href="llms-full.txt">llms-full.txt</a>.</p>
<p><label>Key for trying: <input id="key" type="password" autocomplete="off" size="48"></label></p>
${table.map(section).join('\n')}
<script>${SCRIPT}</script>
</html>
`;
  return { html, policy: policyOf(STYLE, SCRIPT) };
}

const policyOf = (style: string, script: string) =>
  [
    "default-src 'none'",
    "connect-src 'self'",
    'img-src data:',
    `style-src 'sha256-${hash('sha256', style, 'base64')}'`,
    `script-src 'sha256-${hash('sha256', script, 'base64')}'`,
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
  Object.entries(FAILURES)
    .map(([code, { status }]) => `<code>${code}</code> (${status})`)
    .join(', ');

function section(row: Endpoint): string {
  const parameters = parametersOf(row);
  const rows = parameters.map(
    ({ name, required, description }) =>
      `<tr><td><code>${name}</code>${required ? ' *' : ''}</td><td>${escapeHtml(String(description))}</td></tr>`,
  );
  const example = new URLSearchParams(exampleQuery(row));
  const fields = parameters.map(
    ({ name }) =>
      `<label>${name} <input name="${name}" value="${escapeHtml(example.get(String(name)) ?? '')}"></label>`,
  );
  return `<section id="${row.operationId}">
<h2>${row.summary}</h2>
<p><code>GET ${row.path}</code></p>
<p>${escapeHtml(row.description)}</p>
<table>${rows.join('')}</table>
<form data-url=".${row.path}">${fields.join('')}<button>Try</button><output><pre></pre></output></form>
</section>`;
}

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
