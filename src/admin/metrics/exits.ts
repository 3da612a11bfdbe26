import { Counter, Gauge, type Registry } from 'prom-client';
import type { ExitStateName, ExitView, Operator } from '../../domain/operator.ts';
import type { Telemetry } from '../../domain/telemetry.ts';
import { createSourceLabel } from './source-label.ts';

const STATES: readonly ExitStateName[] = ['healthy', 'ejected', 'spent', 'retired', 'set_aside'];

/** What is known of exits: how many there are in which state, what is left of their hour. Read when asked for. */
export function createExitMetrics(registry: Registry, operator: Operator): Pick<Telemetry, 'exitChanged'> {
  const registers = [registry];
  const sourceOf = createSourceLabel();
  const labelNames = ['source', 'state'] as const;
  new Gauge({
    name: 'gateway_exits',
    help: 'Exits by the entry of the list that made them and by state.',
    labelNames,
    registers,
    collect() {
      this.reset();
      const views = operator.exits.list();
      for (const source of new Set(views.map((view) => sourceOf(view.source))))
        for (const state of STATES) this.set({ source, state }, 0);
      for (const { source, state } of views) this.inc({ source: sourceOf(source), state });
    },
  });
  const sums: Readonly<Record<string, [help: string, of: (view: ExitView) => number]>> = {
    gateway_exit_budget: ['Upstream calls an hour that the exits may make.', (view) => view.hourlyBudget],
    gateway_exit_budget_left: ['What is left of the hour of the exits now.', (view) => view.budgetLeft],
    gateway_exit_requests_under_way: ['Requests under way through the exits.', (view) => view.inFlight],
  };
  for (const [name, [help, of]] of Object.entries(sums)) {
    new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const view of operator.exits.list()) this.inc({ source: sourceOf(view.source) }, of(view));
      },
    });
  }
  const changes = new Counter({
    name: 'gateway_exit_changes_total',
    help: 'Exits that came into a state.',
    labelNames,
    registers,
  });

  return { exitChanged: ({ source, state }) => changes.labels(sourceOf(source), state).inc() };
}
