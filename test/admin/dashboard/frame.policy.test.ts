import { describe, expect, it } from 'vitest';
import { createBusyAccounts, MAX_ACCOUNTS_COUNTED } from '../../../src/admin/dashboard/busy-accounts.ts';
import { exitGridOf, MAX_CELLS } from '../../../src/admin/dashboard/exit-cells.ts';
import { createFailures, KEPT_FAILURES } from '../../../src/admin/dashboard/failures.ts';
import { forecastOf } from '../../../src/admin/dashboard/forecast.ts';
import { type BoardState, frameOf } from '../../../src/admin/dashboard/frame.ts';
import { createMinutes } from '../../../src/admin/dashboard/minutes.ts';
import { createRecordBook } from '../../../src/admin/dashboard/record.ts';
import { createSeconds, KEPT_SECONDS } from '../../../src/admin/dashboard/seconds.ts';
import { createSpread, noteIn, quantileIn, sumOfSpreads } from '../../../src/admin/dashboard/spread.ts';
import { createMetrics } from '../../../src/admin/metrics/metrics.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { attemptEnded, callEnded, exitView, fakeOperator, noTerms } from '../fakes.ts';

const START_MS = Date.parse('2026-06-15T12:00:00Z');

describe('spread', () => {
  const spreadOf = (...durations: number[]) => {
    const spread = createSpread();
    for (const ms of durations) noteIn(spread, ms);
    return spread;
  };

  it('tells a quantile within a twentieth, from a fifth of a millisecond to two minutes', () => {
    for (const ms of [0.2, 1, 3.3, 12, 125, 999, 15_000, 100_000]) {
      const told = quantileIn(spreadOf(ms), 0.5) ?? 0;
      expect([ms, Math.abs(told / ms - 1) <= 0.05]).toEqual([ms, true]);
    }
  });

  it('takes what is shorter or longer for its ends', () => {
    expect(quantileIn(spreadOf(0), 0.5)).toBeLessThanOrEqual(0.1);
    expect(quantileIn(spreadOf(1e9), 0.5)).toBeGreaterThan(100_000);
  });

  it('tells half, 95 and 99 of a hundred apart', () => {
    const spread = spreadOf(...Array.from({ length: 100 }, (_, i) => (i < 94 ? 10 : i < 98 ? 100 : 1_000)));
    const near = (share: number) => Math.round(Math.log10(quantileIn(spread, share) ?? 0));
    expect([0.5, 0.94, 0.95, 0.98, 0.99].map(near)).toEqual([1, 1, 2, 2, 3]);
  });

  it('is added up, and tells nothing of nothing', () => {
    const sum = sumOfSpreads([spreadOf(10), spreadOf(1_000, 1_000)]);
    expect(quantileIn(sum, 0.5)).toBeGreaterThan(900);
    expect(quantileIn(sum, 0.3)).toBeLessThan(11);
    expect(quantileIn(sumOfSpreads([]), 0.5)).toBeNull();
  });
});

describe('failures', () => {
  const failed = (status: number, requestId: string) => callEnded({ status, requestId, code: 'internal' });

  it('hold no answers, and the newest first', () => {
    const failures = createFailures();
    failures.note(callEnded(), 1);
    failures.note(failed(502, 'a'), 2);
    failures.note(failed(429, 'b'), 3);
    failures.note(failed(502, 'c'), 4);
    expect(failures.list().map(({ requestId }) => requestId)).toEqual(['c', 'b', 'a']);
    expect(failures.list()[0]).toEqual({
      requestId: 'c',
      endedAtMs: 4,
      status: 502,
      code: 'internal',
      endpoint: 'getRepository',
      accountId: 'acct_canary',
      totalMs: 125,
    });
  });

  it('on our side are not pushed out by a flood of callers’', () => {
    const failures = createFailures();
    failures.note(failed(500, 'ours'), 1);
    for (let i = 0; i < 100; i += 1) failures.note(failed(429, `b${i}`), 2 + i);
    const list = failures.list();
    expect(list).toHaveLength(KEPT_FAILURES + 1);
    expect([list[0]?.requestId, list.at(-1)?.requestId]).toEqual(['b99', 'ours']);
  });
});

describe('busy accounts', () => {
  it('come with the busiest first', () => {
    const accounts = createBusyAccounts();
    for (const id of ['a', 'b', 'b', 'c', 'c', 'c']) accounts.note(id);
    expect(accounts.top(2)).toEqual([
      { accountId: 'c', calls: 3 },
      { accountId: 'b', calls: 2 },
    ]);
  });

  it('with too many, those with few calls are forgotten', () => {
    const accounts = createBusyAccounts();
    accounts.note('busy');
    accounts.note('busy');
    for (let i = 0; i < MAX_ACCOUNTS_COUNTED; i += 1) accounts.note(`a${i}`);
    const top = accounts.top(MAX_ACCOUNTS_COUNTED);
    expect(top.length).toBeLessThanOrEqual(MAX_ACCOUNTS_COUNTED / 2 + 1);
    expect(top[0]).toEqual({ accountId: 'busy', calls: 2 });
  });
});

describe('minutes', () => {
  it('are the last 60, the present one last', () => {
    const minutes = createMinutes();
    minutes.note(0);
    minutes.note(59);
    minutes.note(60);
    expect(minutes.list(3_599).slice(0, 3)).toEqual([2, 1, 0]);
    expect(minutes.list(3_600)[0]).toBe(1);
    expect(minutes.list(60).at(-1)).toBe(1);
    minutes.note(3_600);
    expect(minutes.list(3_600)).toHaveLength(60);
    expect(minutes.list(0).every((count) => count === 0)).toBe(true);
  });
});

describe('seconds', () => {
  const secondsIn = (seconds: ReturnType<typeof createSeconds>, now: number) =>
    seconds.kept(now).map(({ second }) => second);

  it('are kept for five minutes, and the one of this moment is one', () => {
    const seconds = createSeconds();
    expect(seconds.now(0)).toBe(seconds.now(0));
    seconds.now(1);
    expect(secondsIn(seconds, KEPT_SECONDS)).toEqual([0, 1]);
    expect(secondsIn(seconds, KEPT_SECONDS + 1)).toEqual([1]);
    expect(secondsIn(seconds, KEPT_SECONDS + 2)).toEqual([]);
  });

  it('are forgotten though nobody reads them', () => {
    const seconds = createSeconds();
    for (let at = 0; at < 2_000; at += 1) seconds.now(at);
    expect(seconds.kept(0).length).toBeLessThanOrEqual(KEPT_SECONDS + 1);
  });
});

describe('the hour to come', () => {
  const quiet = new Array<number>(60).fill(0);
  const at = (minute: number, count: number) => quiet.with(minute, count);

  it('has the whole budget when nothing was spent', () => {
    const forecast = forecastOf({
      budget: 600,
      left: 600,
      ceiling: null,
      sentByMinute: quiet,
      perMinute: 10,
    });
    expect(forecast).toMatchObject({ budget: 600, demand: 600, scarceInMinutes: null });
    expect(forecast.supply).toHaveLength(61);
    expect(new Set(forecast.supply)).toEqual(new Set([600]));
  });

  it('gives a call back an hour after it was made', () => {
    const { supply } = forecastOf({
      budget: 60,
      left: 30,
      ceiling: null,
      sentByMinute: at(20, 30),
      perMinute: 0,
    });
    expect([supply[20], supply[21], supply[60]]).toEqual([30, 60, 60]);
  });

  it('takes others’ calls to come back evenly', () => {
    const { supply } = forecastOf({
      budget: 120,
      left: 0,
      ceiling: null,
      sentByMinute: at(0, 60),
      perMinute: 0,
    });
    expect([supply[0], supply[1], supply[31], supply[60]]).toEqual([0, 61, 91, 120]);
  });

  it('gives back no more than was spent, whatever was counted here', () => {
    const { supply } = forecastOf({
      budget: 60,
      left: 50,
      ceiling: null,
      sentByMinute: at(0, 500),
      perMinute: 0,
    });
    expect([supply[0], supply[1], supply[60]]).toEqual([50, 60, 60]);
  });

  it('tells the minute from which calls find no exit', () => {
    const scarce = forecastOf({
      budget: 60,
      left: 30,
      ceiling: null,
      sentByMinute: at(59, 30),
      perMinute: 3,
    });
    expect(scarce).toMatchObject({ demand: 180, scarceInMinutes: 11 });
    const never = forecastOf({
      budget: 60,
      left: 30,
      ceiling: null,
      sentByMinute: at(59, 30),
      perMinute: 0.5,
    });
    expect(never.scarceInMinutes).toBeNull();
    const now = forecastOf({ budget: 0, left: 0, ceiling: null, sentByMinute: quiet, perMinute: 1 });
    expect(now.scarceInMinutes).toBe(1);
  });

  it('is bounded by the ceiling, of which this gateway’s calls come back too', () => {
    const { supply, budget } = forecastOf({
      budget: 6_000,
      left: 5_900,
      ceiling: 150,
      sentByMinute: at(9, 100),
      perMinute: 0,
    });
    expect([supply[0], supply[9], supply[10], budget]).toEqual([50, 50, 150, 150]);
  });
});

describe('the grid of exits', () => {
  it('counts states, and the budget of those in service alone', () => {
    const grid = exitGridOf([
      exitView({ id: 'a', hourlyBudget: 60, budgetLeft: 10 }),
      exitView({ id: 'b', state: 'spent', hourlyBudget: 60, budgetLeft: 0 }),
      exitView({ id: 'c', state: 'ejected', hourlyBudget: 60, budgetLeft: 60 }),
      exitView({ id: 'd', state: 'set_aside', hourlyBudget: 60, budgetLeft: 60 }),
    ]);
    expect(grid).toMatchObject({
      states: { healthy: 1, spent: 1, ejected: 1, set_aside: 1 },
      budget: 120,
      left: 10,
      hidden: 0,
    });
  });

  it('is by source and label, numbers as people read them', () => {
    const named = (source: string, label: string) => exitView({ id: `${source}${label}`, source, label });
    const { cells } = exitGridOf([named('p2', 'p2/x10'), named('p2', 'p2/x9'), named('p1', 'p1/x1')]);
    expect(cells.map(({ label }) => label)).toEqual(['p1/x1', 'p2/x9', 'p2/x10']);
  });

  it('shows all, where they are as many as can be shown', () => {
    const many = Array.from({ length: MAX_CELLS }, (_, i) => exitView({ id: `e${i}`, label: `e${i}` }));
    expect(exitGridOf(many.toReversed())).toMatchObject({ cells: many, hidden: 0 });
    const away = Array.from({ length: MAX_CELLS + 1 }, () => exitView({ state: 'ejected' }));
    expect(exitGridOf(away)).toMatchObject({ hidden: 1, left: 0 });
  });

  it('of too many shows those out of service', () => {
    const many = Array.from({ length: MAX_CELLS + 5 }, (_, i) =>
      exitView({ id: `e${i}`, label: `e${i}`, state: i >= MAX_CELLS ? 'ejected' : 'healthy' }),
    );
    const { cells, hidden, states } = exitGridOf(many);
    expect([cells.length, hidden]).toEqual([MAX_CELLS, 5]);
    expect(cells.filter(({ state }) => state === 'ejected')).toHaveLength(5);
    expect(states).toEqual({ healthy: MAX_CELLS, ejected: 5 });
  });
});

const NO_COSTS = { month: '2026-06', sources: [], cost: null, answered: 0, costPerThousand: null };

describe('a frame', () => {
  const clock = () => createVirtualClock(START_MS);
  const stateOf = (
    book: ReturnType<typeof createRecordBook>,
    more: Partial<BoardState> = {},
  ): BoardState => ({
    nowMs: START_MS,
    recorded: book.read(),
    exits: [exitView()],
    inside: fakeOperator().inside(),
    accounts: [],
    costs: NO_COSTS,
    terms: noTerms,
    ...more,
  });
  const ALL = Number.NEGATIVE_INFINITY;

  it('has the seconds that are over, each once, quiet ones too', async () => {
    const time = clock();
    const book = createRecordBook(time);
    book.telemetry.callEnded(callEnded());
    await time.pass(2_000);
    book.telemetry.callEnded(callEnded({ status: 429, code: 'rate_exceeded', attempts: [] }));
    book.telemetry.callEnded(callEnded({ status: 429, code: 'rate_exceeded', attempts: [] }));
    expect(frameOf(stateOf(book), ALL).points.map(({ statuses }) => statuses)).toEqual([{ 200: 1 }, {}]);
    await time.pass(1_000);
    const frame = frameOf(stateOf(book), 1);
    expect(frame.points).toMatchObject([{ second: 2, statuses: { 429: 2 } }]);
    expect(frame).toMatchObject({
      second: 3,
      startedAtMs: START_MS,
      totals: { statuses: { 200: 1, 429: 2 } },
    });
    expect(frameOf(stateOf(book), 2).points).toEqual([]);
  });

  it('tells latencies of ten seconds, the wait for Bitbucket of calls that waited alone', async () => {
    const time = clock();
    const book = createRecordBook(time);
    book.telemetry.callEnded(callEnded({ totalMs: 100, upstreamMs: 90 }));
    book.telemetry.callEnded(callEnded({ totalMs: 1, upstreamMs: 0, attempts: [] }));
    await time.pass(11_000);
    const points = frameOf(stateOf(book), ALL).points;
    const waits = points[0]?.upstream ?? [];
    expect(waits[0]).toBe(waits[2]);
    const [p50, p95] = points[0]?.total ?? [];
    expect([Math.round(p50 ?? 0), Math.round((p95 ?? 0) / 10)]).toEqual([1, 10]);
    expect(Math.round((points[0]?.upstream[0] ?? 0) / 10)).toBe(9);
    expect(points[9]?.total[0]).toBe(p50);
    expect(points[10]?.total).toEqual([null, null, null]);
  });

  it('tells latencies that lie where the buckets of /metrics have them', async () => {
    const time = clock();
    const book = createRecordBook(time);
    const metrics = createMetrics(fakeOperator(), '1.0.0');
    const durations = Array.from({ length: 500 }, (_, i) => 0.3 * 1.018 ** i);
    for (const totalMs of durations)
      for (const { telemetry } of [book, metrics]) telemetry.callEnded(callEnded({ totalMs }));
    await time.pass(1_000);
    const { text } = await metrics.read('');
    const bucketEnds = [...text.matchAll(/_bucket\{le="([\d.]+)",part="total"\} (\d+)$/gm)].map(
      ([, le, count]) => ({ toMs: Number(le) * 1_000, count: Number(count) }),
    );
    const [point] = frameOf(stateOf(book), ALL).points;
    [0.5, 0.95, 0.99].forEach((share, index) => {
      const at = bucketEnds.findIndex(({ count }) => count >= 500 * share);
      expect(point?.total[index]).toBeLessThanOrEqual((bucketEnds[at]?.toMs ?? 0) * 1.05);
      expect(point?.total[index]).toBeGreaterThanOrEqual((bucketEnds[at - 1]?.toMs ?? 0) * 0.95);
    });
  });

  it('keeps five minutes, whatever the calendar does', async () => {
    const time = clock();
    const book = createRecordBook(time);
    for (let i = 0; i < 400; i += 1) {
      book.telemetry.callEnded(callEnded());
      await time.pass(1_000);
      if (i === 200) time.jump(-86_400_000);
    }
    const { points, totals } = frameOf(stateOf(book), ALL);
    expect(points).toHaveLength(KEPT_SECONDS);
    expect([points[0]?.second, points.at(-1)?.second]).toEqual([100, 399]);
    expect(points.slice(1).every(({ statuses }) => statuses[200] === 1)).toBe(true);
    expect(totals.statuses).toEqual({ 200: 400 });
  });

  it('has the bytes of each second, in and out', async () => {
    const time = clock();
    const book = createRecordBook(time);
    for (let i = 0; i < 2; i += 1) {
      book.telemetry.attemptEnded(attemptEnded({ bytesUp: 3, bytesDown: 4 }));
      book.telemetry.callEnded(callEnded({ bytesOut: 5 }));
    }
    await time.pass(2_000);
    expect(frameOf(stateOf(book), ALL).points).toMatchObject([
      { bytesExit: 14, bytesOut: 10 },
      { bytesExit: 0, bytesOut: 0 },
    ]);
  });

  it('begins with the gateway, however long the machine has been up', async () => {
    const time = clock();
    await time.pass(100_000);
    const book = createRecordBook(time);
    await time.pass(3_000);
    expect(frameOf(stateOf(book), ALL).points.map(({ second }) => second)).toEqual([100, 101, 102]);
  });

  it('knows when the calls that were sent come back', async () => {
    const time = clock();
    const book = createRecordBook(time);
    for (let i = 0; i < 10; i += 1) book.telemetry.attemptEnded(attemptEnded());
    await time.pass(30 * 60_000);
    const { supply } = frameOf(stateOf(book, { exits: [exitView()] }), ALL).hour;
    expect([supply[29], supply[30], supply[60]]).toEqual([50, 60, 60]);
  });

  it('calls of no account are nobody’s', () => {
    const book = createRecordBook(clock());
    book.telemetry.callEnded(callEnded({ accountId: null }));
    expect(book.busyAccounts.top(10)).toEqual([]);
  });

  it('counts bytes both ways, and those that are paid for: not this machine’s own address', () => {
    const book = createRecordBook(clock());
    book.telemetry.attemptEnded(attemptEnded({ bytesUp: 1e6, bytesDown: 9e6 }));
    book.telemetry.attemptEnded(attemptEnded({ source: 'direct', bytesUp: 5, bytesDown: 5 }));
    for (const status of [200, 304, 404, 502]) book.telemetry.callEnded(callEnded({ status, bytesOut: 100 }));
    const { totals } = frameOf(stateOf(book), ALL);
    expect(totals).toMatchObject({ attempts: 2, bytesExit: 10_000_010, bytesPaid: 1e7, bytesOut: 400 });
  });

  it('tells what the month has cost as every other view does', () => {
    const book = createRecordBook(clock());
    const none = { gbPerMonth: null, monthCost: null, costPerThousand: null };
    expect(frameOf(stateOf(book), ALL).traffic).toEqual(none);
    const costs = { ...NO_COSTS, cost: 10, costPerThousand: 20 };
    const terms = { gbPerMonth: 5, hourlyCeiling: null };
    expect(frameOf(stateOf(book, { costs, terms }), ALL).traffic).toEqual({
      gbPerMonth: 5,
      monthCost: 10,
      costPerThousand: 20,
    });
  });

  it('holds wanted calls against the hour: those sent, and those that found no exit', async () => {
    const time = clock();
    const book = createRecordBook(time);
    for (let i = 0; i < 50; i += 1) book.telemetry.attemptEnded(attemptEnded());
    for (let i = 0; i < 25; i += 1) book.telemetry.attemptEnded(attemptEnded({ verdict: 'refused' }));
    for (let i = 0; i < 7; i += 1) book.telemetry.callEnded(callEnded());
    for (let i = 0; i < 10; i += 1)
      book.telemetry.callEnded(callEnded({ status: 503, code: 'exits_exhausted', attempts: [] }));
    await time.pass(60_000);
    expect(frameOf(stateOf(book), ALL).hour).toMatchObject({ demand: 3_600, budget: 60, scarceInMinutes: 1 });
    await time.pass(540_000);
    expect(frameOf(stateOf(book), ALL).hour).toMatchObject({ demand: 0, scarceInMinutes: null });
  });

  it('names no secret: nothing of a call but what a list shows', () => {
    const book = createRecordBook(clock());
    book.telemetry.callEnded(
      callEnded({
        status: 500,
        code: 'internal',
        traceparent: 'canary-of-a-call',
        cause: new Error('canary-of-a-call'),
        keyId: 'canary-of-a-call',
      }),
    );
    book.telemetry.attemptEnded(attemptEnded());
    const text = JSON.stringify(frameOf(stateOf(book), ALL));
    expect(text).not.toContain('canary-of-a-call');
    expect(text).toContain('acct_canary');
  });
});
