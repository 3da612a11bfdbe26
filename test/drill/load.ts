import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** One call as its caller saw it. */
export interface Answered {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** 0 where there was no whole answer. */
  readonly status: number;
  /** `meta.code`; null on success and where there was no answer. */
  readonly code: string | null;
  /** Whether a 200 held what the stand-in has there. */
  readonly isRight: boolean;
  readonly retryAfter: string | undefined;
  readonly account: string;
}

export interface CallOptions {
  readonly url: string;
  readonly key: string;
  readonly account: string;
  /** What a right answer's data contains. */
  readonly holds?: string;
  readonly localAddress?: string;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

export const REPO = '/bitbucket-api/v1/repo?repo=acme/big';
export const REPO_HOLDS = '"full_name":"acme/big"';

/** One call; never rejects. */
export function call(options: CallOptions): Promise<Answered> {
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, text: string, retryAfter?: string) =>
      resolve({
        startedAtMs,
        endedAtMs: performance.now(),
        status,
        code: /"code":"([a-z_]+)"/.exec(text)?.[1] ?? null,
        isRight: status === 200 && text.includes(options.holds ?? '"success":true'),
        retryAfter,
        account: options.account,
      });
    const asked = request(options.url, {
      headers: { 'x-oanor-key': options.key },
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    });
    const timer = setTimeout(
      () => asked.destroy(new Error('no answer in time')),
      options.timeoutMs ?? 20_000,
    );
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => end(0, ''));
      response.on('close', () => {
        clearTimeout(timer);
        if (!response.complete) return end(0, '');
        end(response.statusCode ?? 0, Buffer.concat(chunks).toString(), response.headers['retry-after']);
      });
    });
    asked.on('error', () => {
      clearTimeout(timer);
      end(0, '');
    });
    asked.end();
  });
}

export interface LoadOptions extends Omit<CallOptions, 'url'> {
  /** Asked for each call, so that it may follow a gateway that moved. */
  readonly urlOf: (i: number) => string;
  readonly calls: number;
  readonly perSecond: number;
}

/** `calls` at `perSecond`, open loop: a slow answer does not hold back the next call. */
export async function load({ urlOf, calls, perSecond, ...options }: LoadOptions): Promise<Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const startedAtMs = performance.now();
  const running: Promise<Answered>[] = [];
  for (let i = 0; i < calls; i += 1) {
    const waitMs = startedAtMs + (i * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await wait(waitMs);
    running.push(call({ ...options, url: urlOf(i), agent }));
  }
  const answers = await Promise.all(running);
  agent.destroy();
  return answers;
}
