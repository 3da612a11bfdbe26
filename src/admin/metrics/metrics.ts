import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Operator } from '../../domain/operator.ts';
import type { Pulse } from '../../domain/pulse.ts';
import type { Telemetry } from '../../domain/telemetry.ts';
import { createAttemptMetrics } from './attempts.ts';
import { createCallMetrics } from './calls.ts';
import { createCostMetrics } from './costs.ts';
import { createExitMetrics } from './exits.ts';
import { createInsideMetrics } from './inside.ts';
import { OPEN_METRICS_TYPE, openMetricsOf, prefersOpenMetrics } from './open-metrics.ts';
import { createWebhookMetrics } from './webhooks.ts';

export interface Metrics {
  /** Listens to what happens. */
  readonly telemetry: Telemetry;
  /** The same for what belongs to no call. */
  readonly pulse: Pulse;
  /** All of it as text: OpenMetrics where `accept` prefers it, else Prometheus' own format. */
  read(accept: string): Promise<{ readonly contentType: string; readonly text: string }>;
}

/**
 * Everything that is counted and measured, with label sets that are bounded whatever callers do. `beforeRead` is the
 * moment to tell what has not been told yet.
 */
export function createMetrics(
  operator: Operator,
  version: string,
  isPriced = false,
  beforeRead = () => {},
): Metrics {
  const registry = new Registry();
  const calls = createCallMetrics(registry);
  const attempts = createAttemptMetrics(registry);
  const exits = createExitMetrics(registry, operator);
  const inside = createInsideMetrics(registry, operator);
  createCostMetrics(registry, operator, isPriced);
  const webhooks = createWebhookMetrics(registry, operator);
  noteBuild(registry, version);
  noteProcess(registry);

  return {
    telemetry: { ...calls, ...attempts, ...exits },
    pulse: { ...inside, ...webhooks },
    read: async (accept) => {
      beforeRead();
      const text = await registry.metrics();
      return prefersOpenMetrics(accept)
        ? { contentType: OPEN_METRICS_TYPE, text: openMetricsOf(text) }
        : { contentType: registry.contentType, text };
    },
  };
}

function noteBuild(registry: Registry, version: string): void {
  new Gauge({
    name: 'gateway_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
}

/** Process, event loop and garbage; without three gauges that are named as if they were counters. */
function noteProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const kind of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${kind}_total`);
}
