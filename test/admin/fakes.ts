import type { Log } from '../../src/domain/log.ts';
import type { ExitView, Operator } from '../../src/domain/operator.ts';
import type { AttemptEnded, CallEnded } from '../../src/domain/telemetry.ts';

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Neither prices nor bounds. */
export const noTerms = { gbPerMonth: null, hourlyCeiling: null };

export const exitView = (more: Partial<ExitView> = {}): ExitView => ({
  id: 'p1-s-aaaaaaaa',
  label: 'p1/s-aaaaaaaa',
  source: 'p1',
  state: 'healthy',
  hourlyBudget: 60,
  budgetLeft: 50,
  inFlight: 1,
  latencyMs: 120,
  reason: null,
  ...more,
});

export const attemptEnded = (more: Partial<AttemptEnded> = {}): AttemptEnded => ({
  requestId: '2f0b6d3c-0000-4000-8000-000000000001',
  accountId: 'acct_canary',
  exit: 'p1/s-aaaaaaaa',
  source: 'p1',
  verdict: 'answered',
  status: 200,
  startedAtMs: 1_764_000_000_000,
  durationMs: 120,
  bytesUp: 400,
  bytesDown: 2_000,
  isHedge: false,
  ...more,
});

export const callEnded = (more: Partial<CallEnded> = {}): CallEnded => ({
  requestId: '2f0b6d3c-0000-4000-8000-000000000001',
  door: 'http',
  operationId: 'getRepository',
  accountId: 'acct_canary',
  keyId: 'kcanary1',
  subject: 'atlassian/atlassian-event',
  status: 200,
  code: null,
  charge: 'charged',
  receivedAtMs: 1_764_000_000_000,
  totalMs: 125,
  upstreamMs: 120,
  bytesOut: 2_300,
  attempts: [attemptEnded()],
  hungUp: false,
  ...more,
});

/** An operator's port over a list of exits; what a test does not hand in says so when it is used. */
export function fakeOperator(more: Partial<Operator> = {}): Operator {
  const unused = () => {
    throw new Error('this test does not ask for that');
  };
  return {
    accounts: new Proxy({} as Operator['accounts'], { get: () => unused }),
    usage: { read: unused },
    calls: { find: unused },
    costs: {
      month: () => ({
        month: '2026-11',
        sources: [
          { source: 'p1', bytes: 2e9, cost: 6, budgetBytes: 4e9, traffic: 'within' },
          { source: 'p2', bytes: 5e8, cost: 1.5, budgetBytes: null, traffic: 'within' },
        ],
        cost: 7.5,
        answered: 10_000,
        costPerThousand: 0.75,
      }),
      exits: async () => ({
        sources: [{ source: 'p1', requests: 5, bytes: 1_000_000, cost: 0.003 }],
        cost: 0.003,
      }),
    },
    exits: { list: () => [exitView()], setAside: unused, bringBack: unused, reload: unused },
    isReady: async () => true,
    inside: () => ({
      callsUnderWay: 3,
      bytesInFlight: 4_096,
      monthTrafficBytes: 2_500_000_000,
      storeServersAway: 1,
      webhooksPending: 2,
      webhooksOldestMs: 90_000,
    }),
    setLogLevel: unused,
    ...more,
  };
}
