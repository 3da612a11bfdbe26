import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A door before the gateway that adds the key: what has no way to send one comes in by it. */
export interface KeyedDoor {
  readonly url: string;
  close(): void;
}

/** The suite asks faster than a plan allows: 40 messages a second are below the largest plan's 50. */
const SPACING_MS = 25;

/** Opens such a door on `port`. */
export async function openKeyedDoor(target: string, key: string, port: number): Promise<KeyedDoor> {
  let freeAtMs = 0;
  const server = createServer(async (asked, reply) => {
    freeAtMs = Math.max(freeAtMs, performance.now()) + SPACING_MS;
    await wait(freeAtMs - performance.now());
    const headers = { ...asked.headers, 'x-oanor-key': key };
    const passed = request(new URL(asked.url ?? '/', target), { method: asked.method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    passed.on('error', () => reply.destroy());
    asked.pipe(passed);
  });
  server.listen(port, 'localhost');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Versions of the protocol that the suite knows; what is expected to fail at each stands beside this file. */
export const PROTOCOLS = ['2025-11-25', '2026-07-28'] as const;

/** The suite's own last line. */
export const totalOf = (output: string): string => /^Total: .*$/m.exec(output)?.[0] ?? 'no total';

interface Listed {
  readonly tools: readonly { readonly name: string }[];
}
interface Called {
  readonly content: readonly { readonly text: string }[];
  readonly isError: boolean;
}

/** What the Inspector's command line printed of the tools and of one call. Throws where it is not what was asked for. */
export function checkInspected(listed: string, called: string): void {
  const { tools } = JSON.parse(listed) as Listed;
  if (tools.length !== 11) throw new Error(`the Inspector sees ${tools.length} tools`);
  const { content, isError } = JSON.parse(called) as Called;
  const { data } = JSON.parse(content[0]?.text ?? '') as { data: { name: string } };
  if (isError || data.name !== 'big') throw new Error(`the Inspector was answered ${called.slice(0, 500)}`);
}
