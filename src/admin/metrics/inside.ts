import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { InsideView, Operator } from '../../domain/operator.ts';
import type { Pulse } from '../../domain/pulse.ts';

/** Seconds; a store beside the gateway answers within a millisecond, a verdict that it is away takes 0.05. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

/** What is known of the gateway's inside: its store, its tunnels, and what it holds at this moment. */
export function createInsideMetrics(registry: Registry, operator: Operator): Omit<Pulse, 'webhookSent'> {
  const registers = [registry];
  const store = new Histogram({
    name: 'gateway_store_duration_seconds',
    help: 'How long the store took to answer; what it did not answer is not in it.',
    buckets: BUCKETS,
    registers,
  });
  const grants = new Counter({
    name: 'gateway_grants_used_total',
    help: 'Calls served while the store was away, within the grant of their account.',
    registers,
  });
  const tunnels = new Counter({
    name: 'gateway_tunnels_opened_total',
    help: 'Connections opened to Bitbucket through exits.',
    registers,
  });
  const gauges: Record<string, [help: string, of: (view: InsideView) => number]> = {
    gateway_calls_under_way: ['Calls whose answers are not gone yet.', (view) => view.callsUnderWay],
    gateway_bytes_in_flight: ['Memory that answers take now.', (view) => view.bytesInFlight],
    gateway_exit_month_bytes: [
      'Bytes through paid exits this month, over all gateways that share the store.',
      (view) => view.monthTrafficBytes,
    ],
    gateway_store_servers_away: [
      'Servers of the store that are taken to be away; asked again every 0.1 s.',
      (view) => view.storeServersAway,
    ],
  };
  for (const [name, [help, of]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(of(operator.inside()));
      },
    });
  }
  return {
    storeAnswered: (ms) => store.observe(ms / 1_000),
    grantUsed: () => grants.inc(),
    tunnelOpened: () => tunnels.inc(),
  };
}
