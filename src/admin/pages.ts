import { createHash } from 'node:crypto';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { width: min(22rem, 100vw - 2rem); }
  label { display: block; margin-bottom: .25rem; }
  input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem .75rem; margin-bottom: .75rem; }
  [role=alert] { color: light-dark(#a30000, #ff9c9c); }`;

/** What a browser may do with the door's pages: nothing from elsewhere, no script but our own files, no frame. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The form that asks for the token; `problem` says why it is shown again. */
export function loginPage(problem = ''): string {
  const alert = problem === '' ? '' : `<p role="alert">${problem}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Operator's door</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Operator's door</h1>
${alert}
<form method="post" action="/login">
<label for="token">Token (<code>ADMIN_TOKEN</code>)</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button>
</form>
</main>
</body>
</html>
`;
}
