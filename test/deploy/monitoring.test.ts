import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../src/admin/metrics/metrics.ts';
import { attemptEnded, callEnded, fakeOperator } from '../admin/fakes.ts';
import { hasPromtool } from '../promtool.ts';

const folder = join(import.meta.dirname, '../../deploy');
const alerts = readFileSync(join(folder, 'prometheus/alerts.yaml'), 'utf8');
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana/dashboard.json'), 'utf8'));
const promtool = (...args: string[]) =>
  execFileSync('promtool', args, { cwd: join(folder, 'prometheus'), stdio: 'pipe' }).toString();

// biome-ignore lint/suspicious/noExplicitAny: what a rule holds is for the test to judge
type Json = any;
const rules: Json[] = parse(alerts).groups.flatMap((group: Json) => group.rules);
const panels: Json[] = dashboard.panels;
const expressionsOfPanels: string[] = panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }: Json) => expr),
);

/** The names of series in an expression: what stands before a brace, or is an operand of its own. */
const seriesIn = (expression: string): string[] =>
  expression.match(/\b(?:gateway|nodejs|process)_\w+/g) ?? [];

let exposed: Set<string>;
beforeAll(async () => {
  // With a price, so that the cost is there too.
  const metrics = createMetrics(fakeOperator(), '1.0.0', true);
  metrics.telemetry.callEnded(callEnded());
  metrics.telemetry.attemptEnded(attemptEnded());
  metrics.telemetry.exitChanged({ exit: 'p1', source: 'p1', state: 'ejected', reason: null });
  // Garbage is counted once there was some.
  for (let i = 0; i < 50; i += 1) new Array(100_000).fill(i);
  const { text } = await metrics.read('');
  const families = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  exposed = new Set(
    families.flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
});

describe('alert rules', () => {
  it.runIf(hasPromtool)('are what Prometheus takes', () =>
    expect(promtool('check', 'rules', 'alerts.yaml')).toContain('SUCCESS'),
  );

  it.runIf(hasPromtool)('fire in foul weather and are silent in good', () =>
    expect(promtool('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS'),
  );

  it('each says what to do, and is tested in both weathers', () => {
    const tests = readFileSync(join(folder, 'prometheus/alerts.test.yaml'), 'utf8');
    for (const { alert, annotations } of rules) {
      expect(annotations.summary).toMatch(/\.$/);
      expect(annotations.action).toMatch(/\.$/);
      expect(tests.split(alert)).toHaveLength(3);
    }
  });

  it('ask for what /metrics has', () => {
    for (const { expr } of rules)
      for (const name of seriesIn(expr)) expect([name, exposed.has(name)]).toEqual([name, true]);
  });
});

describe('the Grafana dashboard', () => {
  it('asks for what /metrics has', () => {
    const names = new Set(expressionsOfPanels.flatMap(seriesIn));
    expect(names.size).toBeGreaterThan(15);
    for (const name of names) expect([name, exposed.has(name)]).toEqual([name, true]);
  });

  it('shows every family of the gateway', () => {
    const asked = expressionsOfPanels
      .flatMap(seriesIn)
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    const own = [...exposed].filter((name) => name.startsWith('gateway_'));
    const families = new Set(own.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
    for (const left of ['gateway_answer_bytes_total', 'gateway_attempt_duration_seconds'])
      families.delete(left);
    families.delete('gateway_exit_requests_under_way');
    expect([...families].filter((name) => !asked.includes(name))).toEqual([]);
  });

  it.runIf(hasPromtool)('has expressions that Prometheus can read', () => {
    const groups = [
      {
        name: 'panels',
        rules: expressionsOfPanels.map((expr, index) => ({
          record: `panel:${index}`,
          expr: expr.replaceAll('$instance', '.*'),
        })),
      },
    ];
    const place = mkdtempSync(join(tmpdir(), 'rules-'));
    const check = (content: object) => {
      writeFileSync(join(place, 'rules.yaml'), JSON.stringify(content));
      return promtool('check', 'rules', join(place, 'rules.yaml'));
    };
    expect(check({ groups })).toContain('SUCCESS');
    expect(() => check({ groups: [{ name: 'x', rules: [{ record: 'a:b', expr: 'sum(' }] }] })).toThrow();
    rmSync(place, { recursive: true });
  });

  it('has panels with ids of their own, side by side', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`);
    expect(new Set(places).size).toBe(places.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
