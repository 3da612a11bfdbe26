import { FAILURE_CODES, FAILURES } from '../domain/failure.ts';
import { PLANS } from '../domain/plan.ts';
import type { Endpoint, Tag } from '../endpoints/endpoint.ts';
import { helpPathOf } from '../endpoints/help.ts';
import { parametersOf } from '../endpoints/parameters.ts';
import { PUBLISHED } from './openapi-responses.ts';
import { sampleOf } from './samples.ts';

export const TAGS: readonly Tag[] = ['Repository', 'Workspace', 'Meta'];
const PRICES = { free: 'Free', starter: '$10/Mo', pro: '$29/Mo', mega: '$66/Mo' } as const;

/** What each text is built from: the table, and where callers find the gateway. */
export interface Described {
  readonly table: readonly Endpoint[];
  /** Absolute where it is known, else from the root. */
  readonly base: string;
}

const summary =
  'Read any public repository and workspace of Bitbucket Cloud, live, with one API key and no token of Bitbucket. ' +
  'Answers are Bitbucket’s own JSON in an envelope of five keys (`data`, `meta`, `status`, `message`, `success`).';

/** llms.txt (llmstxt.org): a title, a summary, notes, and lists of links. */
export function llmsTxt({ table, base }: Described): string {
  const sections = TAGS.map((tag) => {
    const links = table
      .filter((row) => row.tag === tag)
      .map((row) => `- [${row.summary}](${base}/llms/${row.operationId}.md): ${row.description}`);
    return `## ${tag}\n\n${links.join('\n')}`;
  });
  return `# Bitbucket API

> ${summary}

Send the key in the header \`x-oanor-key\`. Pass \`repo\` as \`workspace/slug\` or any bitbucket.org URL. Lists lead from page to page by the \`Link\` header, rel="next", which needs nothing added. Limits stand in the headers \`x-ratelimit-*\` and \`x-quota-*\`; on 429 and 503 wait as long as \`Retry-After\` says. Errors have \`meta.code\` for programs and \`message\` for people.

${sections.join('\n\n')}

## Failures

${FAILURE_CODES.map((code) => `- [${code}](${base}${helpPathOf(code)}): ${FAILURES[code].status}; ${FAILURES[code].advice}`).join('\n')}

## Optional

- [OpenAPI](${base}/openapi.json): the whole description for machines
- [Postman collection](${base}/postman.json): each call, ready to be sent
- [Everything in one text](${base}/llms-full.txt): all endpoints with parameters and examples
- [Usage](${base}/usage): with the key, what is left of the plan and what was used by day, endpoint and outcome; \`?months=\` up to 13; costs nothing
- [MCP server](${base}/mcp): the endpoints as tools for agents (streamable HTTP, the same key header)
- [Documentation](${base}/docs): for people
`;
}

/** One operation as Markdown. */
export function operationMd(row: Endpoint, base: string, level = '#'): string {
  const parameters = parametersOf(row).map(
    ({ name, required, description, example }) =>
      `- \`${name}\` (query, ${required ? 'required' : 'optional'}, string) — ${description}${example === undefined ? '' : ` Example: \`${example}\``}`,
  );
  const listed = parameters.length === 0 ? '' : `**Parameters:**\n${parameters.join('\n')}\n\n`;
  return `${level} \`GET ${row.path}\` — ${row.summary}

${row.description}

${listed}**Example:**
\`\`\`bash
curl -H "x-oanor-key: $KEY" \\
  "${absolute(base)}${row.path}${exampleQuery(row)}"
\`\`\`

${responseOf(row)}`;
}

function responseOf(row: Endpoint): string {
  const sample = sampleOf(row);
  return sample === undefined
    ? ''
    : `**Response:**\n\`\`\`json\n${JSON.stringify(sample, null, 4)}\n\`\`\`\n`;
}

/** A line that is copied needs a host; where none is known, the published one. */
export const absolute = (base: string): string => (base.startsWith('/') ? PUBLISHED + base : base);

/** A query of the required parameters with their examples. */
export function exampleQuery(row: Endpoint): string {
  const required = parametersOf(row).filter((parameter) => parameter.required === true);
  const pairs = required.map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Everything in one text, in the shape of the product page. */
export function llmsFullTxt({ table, base }: Described): string {
  const plans = Object.entries(PLANS).map(
    ([name, { callsPerMonth, callsPerSecond }]) =>
      `- **${name[0]?.toUpperCase()}${name.slice(1)}** (${PRICES[name as keyof typeof PRICES]}) — ${callsPerMonth.toLocaleString('en')} calls/Mo, ${callsPerSecond} req/s`,
  );
  const sections = TAGS.map((tag) => {
    const operations = table.filter((row) => row.tag === tag).map((row) => operationMd(row, base, '####'));
    return `### ${tag}\n\n${operations.join('\n')}`;
  });
  return `# Bitbucket API
> ${summary} ${table.length} endpoints.

## Authentication
All requests require your oanor API key in the \`x-oanor-key\` header. Get one at https://www.oanor.com/developer/keys.

\`\`\`bash
curl -H "x-oanor-key: oanor_live_…" "${absolute(base)}/..."
\`\`\`

## Pricing
${plans.join('\n')}

## Usage
\`GET /usage\` with the key tells what is left of the second and the month, and what was used by day, endpoint and outcome. It costs nothing. \`months\` (optional, 1 to 13) goes back as far as a year.

## Endpoints

${sections.join('\n')}`;
}
