import { FAILURE_CODES } from '../domain/failure.ts';
import { helpPathOf } from '../endpoints/help.ts';
import { errorPage } from './error-pages.ts';
import { type Described, llmsFullTxt, llmsTxt, operationMd } from './llms.ts';
import { openApiOf } from './openapi.ts';
import { postmanOf } from './postman.ts';

export interface PagesOptions extends Described {
  /** The gateway's own. */
  readonly version: string;
}

/** A text for everyone. */
export interface PublicPage {
  /** Behind the base path. */
  readonly path: string;
  /** Its media type. */
  readonly type: string;
  readonly text: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const MARKDOWN = 'text/markdown; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** Everything that is told about the table, but for the page that people read. */
export function pagesOf(options: PagesOptions): PublicPage[] {
  const { table, base, version } = options;
  return [
    { path: '/openapi.json', type: JSON_TYPE, text: JSON.stringify(openApiOf(table, version), null, 2) },
    { path: '/postman.json', type: JSON_TYPE, text: JSON.stringify(postmanOf(base), null, 2) },
    { path: '/llms.txt', type: TEXT, text: llmsTxt(options) },
    { path: '/llms-full.txt', type: TEXT, text: llmsFullTxt(options) },
    ...table.map((row) => ({
      path: `/llms/${row.operationId}.md`,
      type: MARKDOWN,
      text: operationMd(row, base),
    })),
    ...FAILURE_CODES.map((code) => ({
      path: helpPathOf(code),
      type: MARKDOWN,
      text: errorPage(code, base + helpPathOf(code)),
    })),
  ];
}
