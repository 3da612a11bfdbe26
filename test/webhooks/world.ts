import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebhookResult } from '../../src/domain/pulse.ts';
import type { Backend } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { type Courier, createCourier } from '../../src/webhooks/courier.ts';
import type { WebhookEvent } from '../../src/webhooks/event.ts';
import type { AuditTrail } from '../../src/webhooks/follow.ts';
import { openOutbox } from '../../src/webhooks/open-outbox.ts';
import { createReceiver, type Receiver } from '../../src/webhooks/receiver.ts';
import { silentLog } from '../admin/fakes.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

export const SECRET = 'canary-secret-of-the-marketplace';

/** One request as it came. */
export interface Posted {
  readonly id: string;
  readonly type: string;
  readonly account: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** A receiver of webhooks on loopback. */
export interface Marketplace {
  readonly url: string;
  /** Everything that came, answered well or not. */
  readonly posted: Posted[];
  /** Ids of what was answered with 200, in that order. */
  readonly taken: string[];
  /** What it does with the next requests; null: takes them. */
  fault: ((post: Posted, response: ServerResponse, request: IncomingMessage) => void) | null;
  /** Nobody listens on its port any more. */
  leave(): Promise<void>;
  /** On the same port again. */
  comeBack(): Promise<void>;
}

export async function startMarketplace(): Promise<Marketplace> {
  const posted: Posted[] = [];
  const taken: string[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { id, type, data } = JSON.parse(body);
    const post = { id, type, account: data.account?.id ?? '', body, headers: request.headers };
    posted.push(post);
    if (marketplace.fault !== null) return marketplace.fault(post, response, request);
    taken.push(id);
    response.writeHead(200).end('thanks');
  };
  const listen = async (port: number) => {
    server = createServer((request, response) => void serve(request, response).catch(() => {})).listen(
      port,
      '127.0.0.1',
    );
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  let server: Server;
  const port = await listen(0);
  const marketplace: Marketplace = {
    url: `http://127.0.0.1:${port}/hooks`,
    posted,
    taken,
    fault: null,
    leave: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    comeBack: async () => void (await listen(port)),
  };
  return marketplace;
}

let serial = 0;
export const eventOf = (accountId: string, id = ''): WebhookEvent => {
  serial += 1;
  return {
    id: id === '' ? `evt_${serial}` : id,
    type: 'key.created',
    accountId,
    createdAtMs: 1_764_000_000_000,
    data: { account: { id: accountId, name: 'acme', plan: 'pro' } },
  };
};

/** A trail of events that a test writes by hand. */
export function createTrail(): AuditTrail & { readonly events: WebhookEvent[] } {
  const events: WebhookEvent[] = [];
  return {
    events,
    end: async () => events.length,
    read: async (number, rows) => {
      const read = events.slice(number, number + rows);
      return { events: read, next: number + read.length };
    },
  };
}

export interface CourierWorld {
  readonly courier: Courier;
  readonly backend: Backend;
  readonly trail: ReturnType<typeof createTrail>;
  readonly clock: VirtualClock;
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[];
  readonly results: WebhookResult[];
  /** Lets time pass, a second at a time; what is sent meanwhile is answered before the next one. */
  pass(ms: number, stepMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface CourierWorldOptions {
  readonly url: string;
  readonly backend?: Backend;
  readonly clock?: VirtualClock;
  readonly trail?: ReturnType<typeof createTrail>;
  /** Whether a second waits for answers; not where they never come. */
  readonly isPatient?: boolean;
  /** In place of the real one at `url`. */
  readonly receiver?: Receiver;
}

/** A courier under a virtual clock, over a real store, to a real receiver. */
export async function createCourierWorld(options: CourierWorldOptions): Promise<CourierWorld> {
  const { url, clock = createVirtualClock(), trail = createTrail(), isPatient = true } = options;
  const backend =
    options.backend ?? (await openBackend('sqlite::memory:', { role: 'tool', clock, log: silentLog }));
  const lines: CourierWorld['lines'] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  const results: WebhookResult[] = [];
  const sending = { count: 0 };
  const { receiver = createReceiver({ url, secret: SECRET, clock }) } = options;
  const courier = createCourier({
    outbox: openOutbox(backend),
    trail,
    receiver: counted(receiver, sending),
    clock,
    random: () => 0.5,
    log: { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') },
    pulse: { webhookSent: (result) => void results.push(result) },
  });
  const quiet = async () => {
    // Twice in a row: what an answer sets off is sent in a turn of its own.
    for (let calm = 0; calm < 2; calm = sending.count === 0 || !isPatient ? calm + 1 : 0)
      await wait(sending.count === 0 ? 0 : 1);
  };
  return {
    courier,
    backend,
    trail,
    clock,
    lines,
    results,
    pass: async (ms, stepMs = 1_000) => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await clock.pass(Math.min(stepMs, ms - passed));
        await quiet();
      }
    },
    close: async () => {
      const closing = courier.close();
      await clock.pass(2_000);
      await closing;
      if (options.backend === undefined) await backend.close();
    },
  };
}

function counted(receiver: Receiver, sending: { count: number }): Receiver {
  return {
    send: async (body, signal) => {
      sending.count += 1;
      return receiver.send(body, signal).finally(() => {
        sending.count -= 1;
      });
    },
  };
}

/** Real time, for what has no clock of ours. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 20) {
    if (waited > withinMs) throw new Error('it did not come about');
    await wait(20);
  }
}
