import { BASE_PATH } from '../endpoints/table.ts';
import { KEY_STORE } from './docs-page.ts';
import { type HtmlPage, policyOf, sourceHashOf } from './html.ts';

/** Colours of the reference that were too pale to read. */
const REFERENCE_STYLE = `
.light-mode{--scalar-color-2:#3b3b3b;--scalar-color-3:#595959;--scalar-color-orange:#8f3d00;--scalar-color-green:#00622c;--scalar-color-blue:#004a9f;--scalar-color-red:#a5000f;--scalar-color-purple:#5a2ca0;--scalar-color-yellow:#6b5200}
.dark-mode{--scalar-color-2:#d0d0d0;--scalar-color-3:#b4b4b4}
.light-mode .hljs-number{color:#8f3d00}`;

/**
 * Calls go to the gateway that served the page, and nothing is asked of or told to anyone else. The key is the one
 * typed in the docs page, as long as this visit lasts.
 */
const SCRIPT = `
const configuration = () => ({
  url: '../openapi.json',
  servers: [{ url: location.origin + '${BASE_PATH}' }],
  authentication: { preferredSecurityScheme: 'oanorKey', securitySchemes: { oanorKey: { name: '${KEY_STORE}', in: 'header', value: sessionStorage.getItem('${KEY_STORE}') ?? '' } } },
  withDefaultFonts: false, telemetry: false, persistAuth: false,
  agent: { disabled: true }, mcp: { disabled: true }, hideClientButton: true,
  documentDownloadType: 'direct', showDeveloperTools: 'never',
  customCss: ${JSON.stringify(REFERENCE_STYLE)},
});
let reference;
document.querySelector('script[src]').addEventListener('load', () => {
  reference = Scalar.createApiReference('#reference', configuration());
});
addEventListener('storage', () => reference?.updateConfiguration(configuration()));
const mend = () => {
  for (const box of document.querySelectorAll('[role=combobox]:not([aria-expanded])')) {
    box.setAttribute('aria-expanded', 'false');
    box.setAttribute('aria-controls', 'reference');
  }
  for (const box of document.querySelectorAll('pre, .scrollable, .custom-scroll, .table-wrapper'))
    if (!box.hasAttribute('tabindex') && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)) box.tabIndex = 0;
};
let waiting = 0;
new MutationObserver(() => {
  clearTimeout(waiting);
  waiting = setTimeout(mend, 100);
}).observe(document.getElementById('reference'), { childList: true, subtree: true });`;

/** Where calls are tried: the description drawn by `scriptName`, in the docs page or on its own. All of it from here. */
export function consolePage(scriptName: string): HtmlPage {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Try the Bitbucket API</title>
<link rel="icon" href="data:,">
<div id="reference"></div>
<script src="${scriptName}" defer></script>
<script>${SCRIPT}</script>
</html>
`;
  const policy = policyOf({
    'connect-src': "'self'",
    'img-src': "'self' data:",
    'font-src': "'self' data:",
    // Scalar writes its styles into the page.
    'style-src': "'unsafe-inline'",
    'script-src': `'self' ${sourceHashOf(SCRIPT)}`,
    'frame-ancestors': "'self'",
  });
  return { html, policy };
}
