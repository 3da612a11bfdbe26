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
header pre,header code{font:14px/1.5 ui-monospace,monospace}header pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:.4rem}`;

/** Try-it calls go to the gateway that served the page, and nothing is asked of or told to anyone else. */
const SCRIPT = `
const example = document.querySelector('header pre');
example.textContent = example.textContent.replace('"/', '"' + location.origin + '/');
Scalar.createApiReference('#reference', {
  url: 'openapi.json',
  servers: [{ url: location.origin + '${BASE_PATH}' }],
  authentication: { preferredSecurityScheme: 'oanorKey' },
  withDefaultFonts: false, telemetry: false, persistAuth: false,
  agent: { disabled: true }, mcp: { disabled: true }, hideClientButton: true,
  documentDownloadType: 'direct', showDeveloperTools: 'never',
});`;

/** The documentation for people: what to know first, and the description drawn by `scriptName`. All of it from here. */
export function docsPage({ base }: Described, scriptName: string): DocsPage {
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
<pre>curl -H "x-oanor-key: $KEY" "${escapeHtml(base)}/v1/repo?repo=atlassian%2Fatlassian-event"</pre>
<p>Answers are Bitbucket's own JSON in an envelope: <code>data</code>, <code>meta</code>, <code>status</code>, <code>message</code>, <code>success</code>. Lists go on at <code>Link: &lt;…&gt;; rel="next"</code>. Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old.</p>
<p>Plans: ${plans()}. What is left stands in <code>x-ratelimit-*</code> and <code>x-quota-*</code>; on 429 and 503 wait as long as <code>Retry-After</code> says. <code>${escapeHtml(base)}/usage</code> tells both, and the month by day, endpoint and outcome; it costs nothing.</p>
<p>Errors carry <code>meta.code</code>: ${codes()}.</p>
<p>For machines: <a href="openapi.json">OpenAPI</a>, <a href="llms.txt">llms.txt</a>, <a href="llms-full.txt">llms-full.txt</a>; for agents the MCP server at <code>${escapeHtml(base)}/mcp</code>.</p>
</header>
<main id="reference"></main>
<script src="docs/${scriptName}"></script>
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
  FAILURE_NAMES.map((name) => `<code>${codeOf(name)}</code> (${FAILURES[name].status})`).join(', ');

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
