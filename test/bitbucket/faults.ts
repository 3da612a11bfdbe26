import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, type FailureName, invalid } from '../../src/domain/failure.ts';
import { createHouse, type House, type Parts } from '../../src/house.ts';
import type { LimitReading, Meter } from '../../src/limits/meter.ts';
import { periodEndMs } from '../../src/limits/period.ts';

/** With it a caller of the sandbox asks for the answer that its own program is to survive. */
export const FAULT_HEADER = 'x-sandbox-fault';

/** Refusals that callers meet whatever they ask for: by code, and by status for the likeliest of each. */
const REFUSALS: Readonly<Record<string, FailureName>> = {
  429: 'rate_exceeded',
  500: 'internal',
  502: 'upstream_failed',
  503: 'exits_exhausted',
  504: 'upstream_timeout',
  rate_exceeded: 'rate_exceeded',
  quota_exhausted: 'quota_exhausted',
  internal: 'internal',
  upstream_failed: 'upstream_failed',
  exits_exhausted: 'exits_exhausted',
  store_unavailable: 'store_unavailable',
  overloaded: 'overloaded',
  draining: 'draining',
  upstream_timeout: 'upstream_timeout',
};

/** What the header takes. */
export const FAULT_CHOICES = `${Object.keys(REFUSALS).join(', ')}, slow, slow=SECONDS (1 to 60), cut, reset`;

/** Long enough to be seen, short enough to be waited for. */
const RETRY_AFTER_MS = 2_000;
const DEFAULT_SLOW_S = 5;
const SLOW_PIECES = 10;

/**
 * The rooms of a gateway whose callers may ask for faults. A refusal is the gateway's own, where the call would be
 * spent: key and input are judged before it, nothing is charged, and the headers are the account's.
 */
export async function createFaultyHouse(parts: Parts): Promise<House> {
  const asked = new AsyncLocalStorage<string>();
  const house = await createHouse({ ...parts, meter: createFaultyMeter(parts.meter, asked) });
  house.server.addHook('onRequest', async ({ headers }, { raw }) => {
    const play = playOf(String(headers[FAULT_HEADER]));
    if (play !== null) holdBack(raw, play);
  });
  // Behind the reading of a body, which would lose it.
  house.server.addHook('preHandler', ({ headers }, _reply, done) => {
    const fault = headers[FAULT_HEADER];
    if (fault === undefined) done();
    else asked.run(String(fault), done);
  });
  return house;
}

function createFaultyMeter(meter: Meter, asked: AsyncLocalStorage<string>): Meter {
  return {
    ...meter,
    spend: async (account, slot) => {
      const spent = await meter.spend(account, slot);
      const fault = asked.getStore();
      if (fault === undefined || playOf(fault) !== null || !spent.granted) return spent;
      meter.refund(spent.charge);
      const name = REFUSALS[fault];
      const { reading } = spent;
      if (name === 'rate_exceeded') return { granted: false, by: 'rate', waitMs: RETRY_AFTER_MS, reading };
      if (name === 'quota_exhausted') {
        return { granted: false, by: 'quota', waitMs: periodEndMs(reading.atMs) - reading.atMs, reading };
      }
      throw refusalOf(name);
    },
    read: async (account) => {
      const reading = await meter.read(account);
      return reading && spentOut(reading, REFUSALS[asked.getStore() ?? '']);
    },
  };
}

function refusalOf(name: FailureName | undefined): Failure {
  if (name === undefined) return invalid(FAULT_HEADER, `\`${FAULT_HEADER}\` is one of ${FAULT_CHOICES}.`);
  const failure = Failure.of(name);
  return failure.status === 503 ? Failure.of(name, { retryAfterMs: RETRY_AFTER_MS }) : failure;
}

/** The headers of a 429 say that nothing is left. */
function spentOut(reading: LimitReading, name: FailureName | undefined): LimitReading {
  const { rate, quota } = reading;
  if (name === 'rate_exceeded')
    return { ...reading, rate: { ...rate, remaining: 0, resetMs: RETRY_AFTER_MS } };
  return name === 'quota_exhausted' ? { ...reading, quota: { ...quota, remaining: 0 } } : reading;
}

/** How an answer leaves that is whole up to here. */
type Play = (body: Buffer, outlet: Outlet) => Promise<void>;

/** Null for a fault that is not about how an answer leaves. */
function playOf(fault: string): Play | null {
  if (fault === 'cut') return cut;
  if (fault === 'reset') return reset;
  const wished = /^slow(?:=([1-9]|[1-5]\d|60))?$/.exec(fault);
  return wished && slow((Number(wished[1] ?? DEFAULT_SLOW_S) * 1_000) / SLOW_PIECES);
}

/** The headers with the first tenth, each tenth after such a pause. */
const slow =
  (pauseMs: number): Play =>
  async (body, { write, end }) => {
    const size = Math.max(1, Math.ceil(body.length / SLOW_PIECES));
    for (let at = 0; at < body.length; at += size) {
      await wait(pauseMs);
      await write(body.subarray(at, at + size));
    }
    end();
  };

/** Half of what `content-length` promises, and the connection ends. */
const cut: Play = async (body, { response, write }) => {
  response.flushHeaders();
  await write(body.subarray(0, Math.floor(body.length / 2)));
  response.socket?.destroy();
};

/** Not a byte. */
const reset: Play = async (_body, { response }) => {
  response.socket?.resetAndDestroy();
};

/** A response with its own ways to send, which `holdBack` took away from the gateway. */
interface Outlet {
  readonly response: ServerResponse;
  write(part: Buffer): Promise<void>;
  end(): void;
}

/** Collects what is sent, and has it played once it is whole. */
function holdBack(response: ServerResponse, play: Play): void {
  const [write, end] = [response.write.bind(response), response.end.bind(response)];
  const parts: Buffer[] = [];
  const keep = (part: unknown) => {
    if (typeof part === 'string' || part instanceof Uint8Array) parts.push(Buffer.from(part));
  };
  response.write = (part: unknown) => {
    keep(part);
    return true;
  };
  response.end = (part?: unknown) => {
    keep(part);
    void play(Buffer.concat(parts), {
      response,
      write: (piece) => new Promise((resolve) => write(piece, () => resolve())),
      end: () => end(),
    });
    return response;
  };
}
