import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GATES } from '../../src/admin/metrics/calls.ts';
import { createMetrics } from '../../src/admin/metrics/metrics.ts';
import { openMetricsOf, prefersOpenMetrics } from '../../src/admin/metrics/open-metrics.ts';
import { FAILURE_CODES, FAILURES } from '../../src/domain/failure.ts';
import type { ExitStateName } from '../../src/domain/operator.ts';
import { createPulseLine } from '../../src/domain/pulse.ts';
import type { AttemptVerdict } from '../../src/domain/telemetry.ts';
import { hasPromtool } from '../promtool.ts';
import { attemptEnded, callEnded, exitView, fakeOperator } from './fakes.ts';

const create = () => createMetrics(fakeOperator(), '1.0.0');
const textOf = async (metrics: ReturnType<typeof create>, accept = '') => (await metrics.read(accept)).text;
const sampleOf = (text: string, sample: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${sample} `))
    ?.slice(sample.length + 1);

const VERDICTS: AttemptVerdict[] = [
  'answered',
  'unchanged',
  'spent',
  'upstream_error',
  'blocked',
  'broken',
  'timeout',
];

/** Every listener told of something, every label with a value. */
function fill({ telemetry }: ReturnType<typeof create>): void {
  telemetry.callEnded(callEnded());
  for (const code of FAILURE_CODES)
    telemetry.callEnded(
      callEnded({ code, status: FAILURES[code].status, operationId: null, charge: 'free' }),
    );
  for (const verdict of VERDICTS) telemetry.attemptEnded(attemptEnded({ verdict, isHedge: true }));
  telemetry.exitChanged({ exit: 'p1/s-aaaaaaaa', source: 'p1', state: 'ejected', reason: 'timeout' });
}

describe('/metrics', () => {
  it('counts a call by operation, status and code', async () => {
    const metrics = create();
    metrics.telemetry.callEnded(callEnded());
    metrics.telemetry.callEnded(callEnded());
    metrics.telemetry.callEnded(callEnded({ status: 404, code: 'upstream_not_found' }));
    metrics.telemetry.callEnded(
      callEnded({ status: 401, code: 'key_missing', operationId: null, charge: 'free' }),
    );
    const text = await textOf(metrics);
    const calls = (endpoint: string, status: number, code: string) =>
      sampleOf(text, `gateway_calls_total{endpoint="${endpoint}",status="${status}",code="${code}"}`);
    expect(calls('getRepository', 200, 'ok')).toBe('2');
    expect(calls('getRepository', 404, 'upstream_not_found')).toBe('1');
    expect(calls('none', 401, 'key_missing')).toBe('1');
    expect(sampleOf(text, 'gateway_refusals_total{gate="key"}')).toBe('1');
    expect(sampleOf(text, 'gateway_charges_total{outcome="charged"}')).toBe('3');
    expect(sampleOf(text, 'gateway_charges_total{outcome="free"}')).toBe('1');
  });

  it('no other counter of calls carries operation ids', async () => {
    const metrics = create();
    fill(metrics);
    const named = (await textOf(metrics)).split('\n').filter((line) => line.includes('getRepository'));
    expect(named).not.toEqual([]);
    for (const line of named) expect(line).toMatch(/^gateway_calls_total\{/);
  });

  it('measures time in all, upstream and of its own', async () => {
    const metrics = create();
    metrics.telemetry.callEnded(callEnded({ totalMs: 125, upstreamMs: 120 }));
    metrics.telemetry.callEnded(callEnded({ totalMs: 1, upstreamMs: 0, attempts: [] }));
    const text = await textOf(metrics);
    const sum = (part: string) => Number(sampleOf(text, `gateway_call_duration_seconds_sum{part="${part}"}`));
    const count = (part: string) => sampleOf(text, `gateway_call_duration_seconds_count{part="${part}"}`);
    expect([sum('total'), sum('upstream'), sum('own')]).toEqual([0.126, 0.12, 0.006]);
    expect([count('total'), count('upstream'), count('own')]).toEqual(['2', '1', '2']);
  });

  it('counts attempts by verdict, hedges won and lost, bytes through exits', async () => {
    const metrics = create();
    metrics.telemetry.attemptEnded(attemptEnded());
    metrics.telemetry.attemptEnded(attemptEnded({ isHedge: true }));
    metrics.telemetry.attemptEnded(attemptEnded({ isHedge: true, verdict: 'abandoned', bytesDown: 0 }));
    const text = await textOf(metrics);
    expect(sampleOf(text, 'gateway_attempts_total{source="p1",verdict="answered"}')).toBe('2');
    expect(sampleOf(text, 'gateway_attempts_total{source="p1",verdict="abandoned"}')).toBe('1');
    expect(sampleOf(text, 'gateway_hedges_total{result="won"}')).toBe('1');
    expect(sampleOf(text, 'gateway_hedges_total{result="lost"}')).toBe('1');
    expect(sampleOf(text, 'gateway_exit_bytes_total{source="p1",direction="up"}')).toBe('1200');
    expect(sampleOf(text, 'gateway_exit_bytes_total{source="p1",direction="down"}')).toBe('4000');
  });

  it('counts what belongs to no call, and shows what is held now', async () => {
    const metrics = create();
    const line = createPulseLine();
    line.storeAnswered(7);
    line.listen(metrics.pulse);
    line.storeAnswered(0.4);
    line.storeAnswered(2);
    line.grantUsed();
    line.tunnelOpened();
    line.tunnelOpened();
    const text = await textOf(metrics);
    expect(sampleOf(text, 'gateway_store_duration_seconds_count')).toBe('2');
    expect(sampleOf(text, 'gateway_store_duration_seconds_bucket{le="0.0005"}')).toBe('1');
    expect(sampleOf(text, 'gateway_grants_used_total')).toBe('1');
    expect(sampleOf(text, 'gateway_tunnels_opened_total')).toBe('2');
    expect(sampleOf(text, 'gateway_calls_under_way')).toBe('3');
    expect(sampleOf(text, 'gateway_bytes_in_flight')).toBe('4096');
    expect(sampleOf(text, 'gateway_store_servers_away')).toBe('1');
    expect(sampleOf(text, 'gateway_exit_month_bytes')).toBe('2500000000');
    expect(sampleOf(text, 'gateway_exit_month_cost')).toBeUndefined();
    const priced = await textOf(createMetrics(fakeOperator(), '1.0.0', true));
    expect(sampleOf(priced, 'gateway_exit_month_cost')).toBe('7.5');
    expect(sampleOf(priced, 'gateway_thousand_calls_cost')).toBe('0.75');
    expect(sampleOf(priced, 'gateway_source_month_bytes{source="p2"}')).toBe('500000000');
    expect(sampleOf(priced, 'gateway_source_budget_bytes{source="p1"}')).toBe('4000000000');
    expect(sampleOf(priced, 'gateway_source_budget_bytes{source="p2"}')).toBeUndefined();
  });

  it('shows exits by state and what is left of their hour, as they are now', async () => {
    let views = [
      exitView(),
      exitView({ id: 'b', state: 'ejected', budgetLeft: 10 }),
      exitView({ source: 'p2' }),
    ];
    const operator = fakeOperator({ exits: { ...fakeOperator().exits, list: () => views } });
    const metrics = createMetrics(operator, '1.0.0');
    const first = await textOf(metrics);
    expect(sampleOf(first, 'gateway_exits{source="p1",state="healthy"}')).toBe('1');
    expect(sampleOf(first, 'gateway_exits{source="p1",state="ejected"}')).toBe('1');
    expect(sampleOf(first, 'gateway_exits{source="p1",state="spent"}')).toBe('0');
    expect(sampleOf(first, 'gateway_exit_budget{source="p1"}')).toBe('120');
    expect(sampleOf(first, 'gateway_exit_budget_left{source="p1"}')).toBe('60');
    expect(sampleOf(first, 'gateway_exit_requests_under_way{source="p2"}')).toBe('1');
    views = views.slice(0, 1);
    const second = await textOf(metrics);
    expect(sampleOf(second, 'gateway_exits{source="p1",state="ejected"}')).toBe('0');
    expect(sampleOf(second, 'gateway_exits{source="p2",state="healthy"}')).toBeUndefined();
  });

  it('never names a key, an account, an exit or a repository', async () => {
    const metrics = create();
    fill(metrics);
    const text = await textOf(metrics);
    for (const canary of ['acct_canary', 'kcanary1', 's-aaaaaaaa', 'atlassian-event', '2f0b6d3c'])
      expect(text).not.toContain(canary);
  });

  it('a list of thousands of entries has a hundred labels and `other`', async () => {
    const views = Array.from({ length: 5_000 }, (_, i) => exitView({ id: `e${i}`, source: `p${i}` }));
    const operator = fakeOperator({ exits: { ...fakeOperator().exits, list: () => views } });
    const metrics = createMetrics(operator, '1.0.0');
    for (const { source } of views) metrics.telemetry.attemptEnded(attemptEnded({ source }));
    const text = await textOf(metrics);
    const lines = text.split('\n').filter((line) => line.startsWith('gateway_attempts_total{'));
    expect(lines).toHaveLength(101);
    expect(sampleOf(text, 'gateway_attempts_total{source="other",verdict="answered"}')).toBe('4900');
    expect(sampleOf(text, 'gateway_exits{source="other",state="healthy"}')).toBe('4900');
  });

  it.runIf(hasPromtool)('promtool has nothing to say against it', async () => {
    const metrics = create();
    fill(metrics);
    const check = (text: string) =>
      execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: 'pipe' });
    expect(check(await textOf(metrics)).toString()).toBe('');
    expect(() => check('# TYPE calls counter\ncalls 1\n')).toThrow();
  });
});

describe('OpenMetrics', () => {
  it('is given to those who ask for it, with counters named as it wants and an end', async () => {
    const metrics = create();
    fill(metrics);
    const { contentType, text } = await metrics.read(
      'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;q=0.5',
    );
    expect(contentType).toMatch(/^application\/openmetrics-text; version=1.0.0/);
    expect(text).toContain('# TYPE gateway_calls counter\n');
    expect(text).toMatch(/^gateway_calls_total\{/m);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(text).not.toMatch(/^$\n./m);
    expect((await metrics.read('text/plain')).contentType).toMatch(/^text\/plain/);
  });

  it('has the samples of the plain text, all of them', async () => {
    const metrics = create();
    fill(metrics);
    const plain = await textOf(metrics);
    const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples(openMetricsOf(plain))).toEqual(samples(plain));
  });

  it.each([
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.5', false],
    ['text/plain;version=0.0.4;q=0.3, Application/OpenMetrics-Text; q=0.3', true],
  ])('%s: %s', (accept, wanted) => expect(prefersOpenMetrics(accept)).toBe(wanted));

  it('any header is judged without an error', () =>
    fc.assert(fc.property(fc.string(), (accept) => typeof prefersOpenMetrics(accept) === 'boolean')));
});

it('every state and code has its place', () => {
  const states: ExitStateName[] = ['healthy', 'ejected', 'spent', 'retired', 'set_aside'];
  expect(new Set(states).size).toBe(5);
  expect(Object.keys(GATES).sort()).toEqual([...FAILURE_CODES].sort());
});
