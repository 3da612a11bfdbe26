import type { WeatherKind } from './upstream.ts';

/** An answer of the upstream, before it travels. */
export interface Answer {
  readonly afterMs: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** So many bytes leave, then the connection is reset; null: all. */
  readonly cutAfter: number | null;
  readonly closes: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const HTML_TYPE = { 'content-type': 'text/html' };
const HTML = Buffer.from('<html><body>not the API</body></html>');

/** What happens to requests in the workspaces of this world; all others exist. */
export const FATES: Readonly<Record<string, number>> = {
  private: 403,
  missing: 404,
  closed: 401,
  gone: 410,
  refused: 400,
};

/** What the upstream says to `GET target`, or nothing ever. */
export function answerOf(
  target: string,
  serial: number,
  weather: WeatherKind | null,
  random: () => number,
): Answer | 'nothing' {
  const plain = plainAnswer(target, serial, 20 + Math.round(random() * 180));
  switch (weather) {
    case null:
      return plain;
    case 'silent':
      return 'nothing';
    case 'slow':
      return { ...plain, afterMs: 1_000 + Math.round(random() * 7_000) };
    case 'spent':
      return refusal(plain, 429, { ...JSON_TYPE, 'retry-after': String(1 + Math.floor(random() * 30)) });
    case 'spent for ages':
      return refusal(plain, 429, { ...JSON_TYPE, 'retry-after': '999999999' });
    case 'spent for no time':
      return refusal(plain, 429, { ...JSON_TYPE, 'retry-after': '0' });
    case 'failing':
      return refusal(plain, 500 + Math.floor(random() * 5), JSON_TYPE);
    case 'edge page':
      return { ...plain, status: 503, headers: HTML_TYPE, body: HTML };
    case 'edge refusal':
      return { ...plain, status: 403, headers: HTML_TYPE, body: HTML };
    case 'page for data':
      return { ...plain, status: 200, headers: HTML_TYPE, body: HTML };
    case 'cut':
      return { ...plain, cutAfter: 60 + Math.floor(random() * 100) };
    case 'reset':
      return { ...plain, cutAfter: 0 };
    case 'half':
      return { ...plain, body: plain.body.subarray(0, Math.floor(plain.body.length / 2)) };
    case 'redirects':
      return refusal(plain, 302, { location: hopOf(target) });
    case 'redirects away':
      return refusal(plain, 302, { location: 'https://elsewhere.example/2.0/repositories/open/stolen' });
    case 'counts others':
      return {
        ...plain,
        headers: { ...plain.headers, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '20' },
      };
    case 'closes':
      return { ...plain, headers: { ...plain.headers, connection: 'close' }, closes: true };
    case 'large':
      return { ...plain, body: largeOf(plain.body) };
  }
}

const refusal = (plain: Answer, status: number, headers: Answer['headers']): Answer => ({
  ...plain,
  status,
  headers,
  body: Buffer.from(`{"type":"error","error":{"message":"status ${status}"}}`),
});

function plainAnswer(target: string, serial: number, afterMs: number): Answer {
  const [, workspace = '', slug = ''] = /^\/2\.0\/repositories\/([^/?]+)\/([^/?]+)/.exec(target) ?? [];
  const status = FATES[workspace] ?? 200;
  const own = { afterMs, status, cutAfter: null, closes: false };
  const headers = { ...JSON_TYPE, 'x-request-id': `up-${serial}` };
  if (status !== 200) return refusal({ ...own, headers, body: HTML }, status, headers);
  const repository = { type: 'repository', full_name: `${workspace}/${slug}`, serial };
  const data = target.includes('/refs/branches')
    ? { pagelen: 30, values: [repository], page: 1, size: 1 }
    : repository;
  return { ...own, headers, body: Buffer.from(JSON.stringify(data)) };
}

/** The same resource, one redirect later. */
function hopOf(target: string): string {
  const hops = Number(/hop=(\d+)/.exec(target)?.[1] ?? 0);
  const [path = ''] = target.split('?');
  return `https://api.bitbucket.org${path}?hop=${hops + 1}`;
}

function largeOf(body: Buffer): Buffer {
  const text = body.toString();
  return Buffer.from(`${text.slice(0, -1)},"padding":"${'x'.repeat(200_000)}"}`);
}

export function encodeHead(status: number, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`, 'latin1');
}
