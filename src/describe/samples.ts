import type { Endpoint } from '../endpoints/endpoint.ts';
import samples from './samples.json' with { type: 'json' };

/** One answer of each row, as the published page shows it, with a single value of each list; undefined for a row without. */
export function sampleOf({
  operationId,
  message,
}: Pick<Endpoint, 'operationId' | 'message'>): object | undefined {
  const data: unknown = (samples as Readonly<Record<string, unknown>>)[operationId];
  if (data === undefined) return undefined;
  return {
    data,
    meta: { timestamp: '2026-06-02T16:52:14.392Z', request_id: '3431cfbf-4af7-4c3b-85c5-ecd19efc6cde' },
    status: 'ok',
    message,
    success: true,
  };
}
