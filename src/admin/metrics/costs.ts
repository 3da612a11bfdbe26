import { Gauge, type Registry } from 'prom-client';
import type { Operator } from '../../domain/operator.ts';
import type { CostsView, SourceMonth } from '../../domain/traffic.ts';
import { createSourceLabel } from './source-label.ts';

/** What is known of the month's traffic by entry of the list and, where anything has a price, of what it costs. */
export function createCostMetrics(registry: Registry, operator: Operator, isPriced: boolean): void {
  const registers = [registry];
  const sourceOf = createSourceLabel();
  const bySource: Readonly<Record<string, [help: string, of: (month: SourceMonth) => number | null]>> = {
    gateway_source_month_bytes: [
      'Bytes of this month through the exits of an entry, over all gateways that share the store.',
      ({ bytes }) => bytes,
    ],
    gateway_source_budget_bytes: [
      'Bytes that an entry may carry in a month; none of its exits is chosen from then on.',
      ({ budgetBytes }) => budgetBytes,
    ],
  };
  for (const [name, [help, of]] of Object.entries(bySource)) {
    new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const month of operator.costs.month().sources) {
          const value = of(month);
          if (value !== null) this.inc({ source: sourceOf(month.source) }, value);
        }
      },
    });
  }
  if (!isPriced) return;
  const all: Readonly<Record<string, [help: string, of: (costs: CostsView) => number | null]>> = {
    gateway_exit_month_cost: [
      'What the bytes of this month through paid exits cost, at PRICE_PER_GB or the price of the entry.',
      ({ cost }) => cost,
    ],
    gateway_thousand_calls_cost: [
      'What 1,000 calls of this month that were answered with data cost.',
      ({ costPerThousand }) => costPerThousand,
    ],
  };
  for (const [name, [help, of]] of Object.entries(all)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(of(operator.costs.month()) ?? 0);
      },
    });
  }
}
