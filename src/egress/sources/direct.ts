import { NO_TERMS } from '../../domain/traffic.ts';
import { createConnector, openTcp } from './connector.ts';
import type { Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** This machine's own address. Nothing sets it aside: there may be no other. */
export function createDirect(tools: SourceTools): Source {
  const connect = createConnector(
    ({ hostname, port }, signal) => openTcp(hostname, port, 'upstream', signal),
    tools,
  );
  return Object.freeze({
    label: 'direct',
    id: 'direct',
    many: false,
    ejectable: false,
    hourlyBudget: null,
    credential: null,
    terms: NO_TERMS,
    mint: () => ({ id: 'direct', label: 'direct', session: null, kept: true, oneTunnel: false, connect }),
  });
}
