import { Counter, Gauge, type Registry } from 'prom-client';
import type { Operator } from '../../domain/operator.ts';
import type { Pulse } from '../../domain/pulse.ts';

/** What is known of webhooks: what was sent, and what is on its way. */
export function createWebhookMetrics(registry: Registry, operator: Operator): Pick<Pulse, 'webhookSent'> {
  const registers = [registry];
  const sent = new Counter({
    name: 'gateway_webhooks_total',
    help: 'Webhooks sent: `delivered`, `failed` (it is tried again) or `given_up` after a day.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['delivered', 'failed', 'given_up']) sent.inc({ result }, 0);
  new Gauge({
    name: 'gateway_webhooks_pending',
    help: 'Events that have not arrived at WEBHOOK_URL yet, over all gateways that share the store.',
    registers,
    collect() {
      this.set(operator.inside().webhooksPending);
    },
  });
  new Gauge({
    name: 'gateway_webhooks_oldest_seconds',
    help: 'How long the oldest of them has been on its way.',
    registers,
    collect() {
      this.set(operator.inside().webhooksOldestMs / 1_000);
    },
  });
  return { webhookSent: (result) => sent.inc({ result }) };
}
