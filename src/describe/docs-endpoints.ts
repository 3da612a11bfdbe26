import type { Endpoint } from '../endpoints/endpoint.ts';
import { parametersOf } from '../endpoints/parameters.ts';
import keptCodeSamples from './code-samples.json' with { type: 'json' };
import { escapeHtml, inlineHtml } from './html.ts';
import { TAGS } from './llms.ts';
import { sampleOf } from './samples.ts';

interface CodeSample {
  readonly lang: string;
  readonly label: string;
  readonly source: string;
}

const samples: Readonly<Record<string, readonly CodeSample[]>> = keptCodeSamples;
/** Every row is shown in the same ones. */
const labels = Object.values(samples)[0]?.map(({ label }) => label) ?? [];

/** One choice for all samples, and without a line of script. */
export const LANGUAGE_STYLE = `@supports selector(:has(*)){.sample{display:none}${labels.map((_label, at) => `:root:has(#in-${at}:checked) .in-${at}`).join()}{display:block}}`;

export const languageChoice = (): string =>
  `<fieldset><legend>Samples in</legend>${labels
    .map(
      (label, at) =>
        `<label><input type="radio" name="language" id="in-${at}"${at === 0 ? ' checked' : ''}> ${escapeHtml(label)}</label>`,
    )
    .join(' ')}</fieldset>`;

/** Every endpoint of the table: what it takes, how it is called, what comes back. */
export const endpointSections = (table: readonly Endpoint[]): string =>
  TAGS.map((tag) => {
    const rows = table.filter((row) => row.tag === tag);
    return `<h3>${tag}</h3>${rows.map(endpointSection).join('')}`;
  }).join('');

/** As the reference names an operation behind `#`. */
const placeOf = ({ tag, path }: Endpoint) => `tag/${tag.toLowerCase()}/GET${path}`;

function endpointSection(row: Endpoint): string {
  const { operationId, path, summary, description } = row;
  return `<article aria-labelledby="${operationId}">
<h4 id="${operationId}">${escapeHtml(summary)}</h4>
<p class="path"><code>GET ${path}</code> <a class="try" href="docs/console#${placeOf(row)}" target="console" aria-label="Try it: ${escapeHtml(summary)}">Try it</a></p>
<p>${inlineHtml(description)}</p>
${parameterList(row)}
${(samples[operationId] ?? []).map(samplePre).join('')}
${answerOf(row)}
</article>
`;
}

/** What every endpoint takes is said once, above them. */
const ownParametersOf = (row: Endpoint) => parametersOf(row).filter(({ name }) => name !== 'pretty');

function parameterList(row: Endpoint): string {
  const entries = ownParametersOf(row).map(({ name, required, description, example }) => {
    const shown = example === undefined ? '' : ` Example: <code>${escapeHtml(String(example))}</code>`;
    return `<dt><code>${name}</code>${required ? ' (required)' : ''}</dt><dd>${inlineHtml(description)}${shown}</dd>`;
  });
  return entries.length === 0 ? '' : `<dl>${entries.join('')}</dl>`;
}

const samplePre = ({ label, source }: CodeSample, at: number) =>
  `<pre class="sample in-${at}" title="${escapeHtml(label)}">${escapeHtml(source)}</pre>`;

function answerOf(row: Endpoint): string {
  const sample = sampleOf(row);
  if (sample === undefined) return '';
  return `<details><summary>An answer</summary><pre>${escapeHtml(JSON.stringify(sample, null, 2))}</pre></details>`;
}
