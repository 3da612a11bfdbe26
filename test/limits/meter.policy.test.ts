import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Charge, KeptMeter } from '../../src/limits/meter.ts';
import { createSharedMeter } from '../../src/limits/meter-redis.ts';
import { createVirtualClock, settled } from '../virtual-clock.ts';
import { createModelServer } from './model-fleet.ts';
import { accountWith, callFor } from './spend.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const RATE = 5;
/** A grant of two calls a gateway. */
const QUOTA = 1_000;
const GRANT = 2;

function createFleet(quota: number) {
  const clock = createVirtualClock();
  const server = createModelServer(clock);
  let started = 0;
  const start = (): KeptMeter => {
    started += 1;
    return createSharedMeter({ fleet: server.connect(`g${started}`), clock, log });
  };
  const meters = [start(), start()];
  const subject = accountWith(quota, RATE, 'a');
  /** By gateway, when calls were admitted. */
  const admitted: number[][] = [[], []];
  const charges: Charge[] = [];
  const verdicts: string[] = [];
  const calls = (gateway: number, times: number) => {
    for (let i = 0; i < times; i += 1) {
      void callFor(meters[gateway] as KeptMeter, subject).then(({ verdict, charge }) => {
        verdicts.push(verdict);
        if (charge === null) return;
        admitted[gateway]?.push(clock.monotonic());
        charges.push(charge);
      });
    }
  };
  return { clock, server, meters, start, subject, admitted, charges, verdicts, calls };
}

/** More than `limit` within any 1,000 ms. */
function excess(times: readonly number[], limit: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.filter((time, i) => (sorted[i + limit] ?? Number.POSITIVE_INFINITY) - time <= 1_000).length;
}

const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('calls' as const),
      gateway: fc.nat(1),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 60, 300, 1_100) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('refund' as const), gateway: fc.nat(1), which: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'hang' as const,
        'resume' as const,
        'cut' as const,
        'failover' as const,
        'replicate' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('server set back' as const),
      ms: fc.constantFrom(500, 3_600_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), gateway: fc.nat(1) }),
  },
);

describe('two gateways over any history of calls, refunds, hangs, cuts, failovers, restarts and clocks set back', () => {
  it('keep the second and the month, and charge what they admitted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(3, 20, QUOTA),
        fc.array(move, { maxLength: 40 }),
        async (quota, moves) => {
          const { clock, server, meters, start, admitted, charges, calls } = createFleet(quota);
          let refunded = 0;
          let forgotten = 0;
          let failovers = 0;
          for (const m of moves) {
            if (m.kind === 'calls') calls(m.gateway, m.times);
            else if (m.kind === 'pass') await clock.pass(m.ms);
            else if (m.kind === 'refund') {
              const [charge] = charges.splice(m.which % Math.max(1, charges.length), 1);
              if (charge === undefined) continue;
              refunded += 1;
              meters[m.gateway]?.refund(charge);
            } else if (m.kind === 'hang') server.hang();
            else if (m.kind === 'resume') server.resume();
            else if (m.kind === 'cut') server.cut();
            else if (m.kind === 'replicate') server.replicate();
            else if (m.kind === 'failover') {
              failovers += 1;
              forgotten += server.failOver();
            } else if (m.kind === 'server set back') server.setBack(m.ms);
            else if (m.kind === 'restart') {
              // A clean stop with the store there; calls are not sent to a gateway that stops.
              server.resume();
              await clock.pass(3_000);
              const stopped = meters[m.gateway]?.close();
              await clock.pass(3_000);
              await stopped;
              // Who could tell it again is gone, so a replica further behind than this forgets it for good.
              server.replicate();
              meters[m.gateway] = start();
            }
          }
          server.resume();
          await clock.pass(10_000);
          await settled();

          const total = admitted.flat().length;
          expect(server.used('a'), 'charged is what was admitted, less what was given back').toBe(
            total - refunded,
          );
          for (const [gateway, times] of admitted.entries())
            expect(excess(times, RATE), `the own second of gateway ${gateway}`).toBe(0);
          if (failovers === 0) {
            const granted = server.grants.map(({ atMs }) => atMs);
            expect(excess(granted, RATE), 'the second of the fleet').toBe(0);
          }
          const outages = moves.filter(({ kind }) => ['hang', 'cut', 'failover'].includes(kind)).length;
          const grants = Math.min(quota, GRANT) * 2 * outages;
          expect(total - refunded).toBeLessThanOrEqual(quota + grants + forgotten);
          if (outages === 0) expect(total - refunded).toBeLessThanOrEqual(quota);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a gateway that forgets a month that nobody called in for an hour', () => {
  it('gives nothing back of what it had counted when the store does not hear of it', async () => {
    const { clock, server, meters, subject, verdicts, calls } = createFleet(QUOTA);
    const neighbour = accountWith(QUOTA, RATE, 'neighbour');
    const neighbourCalls = () => void callFor(meters[0] as KeptMeter, neighbour);
    calls(0, 1);
    await clock.pass(1_800_000);
    neighbourCalls();
    await clock.pass(1_800_010);
    server.cut();
    neighbourCalls();
    await clock.pass(2_000);
    for (let i = 0; i < 2; i += 1) {
      calls(0, 1);
      await clock.pass(2_000);
    }
    expect(verdicts).toEqual(['granted', 'granted', 'granted']);
    expect(server.used(subject.id)).toBe(3);
  });
});
