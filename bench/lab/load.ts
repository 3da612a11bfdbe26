import { Client } from 'undici';
import { endWithParent } from './told.ts';

/** What to ask for, and how often. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Keys to call with, one after the other, instead of the one in `headers`. */
  readonly keys?: readonly string[];
  /** Closed loop: as many at once as that, until `requests` are answered. */
  readonly connections: number;
  readonly requests: number;
  /** Open loop instead: that many a second, however slow the answers are. */
  readonly perSecond?: number;
}

export interface Loaded {
  readonly wallMs: number;
  /** Sorted, ms. */
  readonly latenciesMs: readonly number[];
  readonly failures: number;
  /** What the first failure was: its status and body, or the connection's error. */
  readonly firstFailure: string;
  readonly bytes: number;
}

/** One answer in full, to be checked before anything is timed. */
export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** base64 of the bytes as sent. */
  readonly body: string;
}

const clients = new Map<string, Client>();
function clientOf(port: number, i: number): Client {
  const name = `${port} ${i}`;
  const known = clients.get(name) ?? new Client(`http://127.0.0.1:${port}`, { keepAliveTimeout: 100_000 });
  clients.set(name, known);
  return known;
}

let asked = 0;
function headersOf({ headers, keys }: Load): Readonly<Record<string, string>> {
  if (keys === undefined) return headers;
  asked += 1;
  return { ...headers, 'x-oanor-key': keys[asked % keys.length] ?? '' };
}

/** One request; how many bytes came, or what came instead of a 200. */
function ask(client: Client, load: Load): Promise<number | string> {
  return new Promise((resolve) => {
    let bytes = 0;
    let status = 0;
    let text = '';
    client.dispatch(
      { path: load.path, method: 'GET', headers: headersOf(load) },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length;
          if (status !== 200) text += chunk;
        },
        onResponseEnd: () => resolve(status === 200 ? bytes : `${status} ${text}`),
        onResponseError: (_controller, error) => resolve(error.message),
      },
    );
  });
}

async function run(load: Load): Promise<Loaded> {
  const latenciesMs: number[] = [];
  let failures = 0;
  let firstFailure = '';
  let bytes = 0;
  const one = async (client: Client) => {
    const startedAtMs = performance.now();
    const came = await ask(client, load);
    latenciesMs.push(performance.now() - startedAtMs);
    if (typeof came === 'number') bytes += came;
    else {
      failures += 1;
      firstFailure ||= came;
    }
  };
  const startedAtMs = performance.now();
  if (load.perSecond === undefined) await closedLoop(load, one);
  else await openLoop(load, load.perSecond, one);
  latenciesMs.sort((a, b) => a - b);
  return { wallMs: performance.now() - startedAtMs, latenciesMs, failures, firstFailure, bytes };
}

async function closedLoop({ port, connections, requests }: Load, one: (client: Client) => Promise<void>) {
  let left = requests;
  const worker = async (_: unknown, i: number) => {
    const client = clientOf(port, i);
    while (left > 0) {
      left -= 1;
      await one(client);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

async function openLoop(
  { port, connections, requests }: Load,
  perSecond: number,
  one: (client: Client) => Promise<void>,
) {
  const startedAtMs = performance.now();
  const all: Promise<void>[] = [];
  for (let i = 0; i < requests; i += 1) {
    const dueInMs = startedAtMs + (i * 1_000) / perSecond - performance.now();
    if (dueInMs > 0) await new Promise((resolve) => setTimeout(resolve, dueInMs));
    all.push(one(clientOf(port, i % connections)));
  }
  await Promise.all(all);
}

async function see({ port, path, headers }: Load): Promise<Seen> {
  const {
    statusCode,
    headers: got,
    body,
  } = await clientOf(port, 0).request({ path, method: 'GET', headers });
  return { status: statusCode, headers: got, body: Buffer.from(await body.arrayBuffer()).toString('base64') };
}

process.on('message', ({ id, what, load }: { id: number; what: 'run' | 'see'; load: Load }) => {
  (what === 'run' ? run(load) : see(load)).then(
    (result) => process.send?.({ id, result }),
    (error: Error) => process.send?.({ id, error: error.message }),
  );
});
process.send?.({ port: 0 });
endWithParent();
