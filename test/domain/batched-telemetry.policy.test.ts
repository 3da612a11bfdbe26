import { expect, it } from 'vitest';
import { createBatchedTelemetry } from '../../src/domain/batched-telemetry.ts';
import type { Telemetry } from '../../src/domain/telemetry.ts';
import { attemptEnded, callEnded } from '../admin/fakes.ts';
import { createVirtualClock } from '../virtual-clock.ts';

function open(names = ['']) {
  const told: string[] = [];
  const clock = createVirtualClock();
  const listener = (name: string): Telemetry => ({
    attemptEnded: ({ requestId }) => void told.push(`${name}attempt of ${requestId}`),
    callEnded: ({ requestId }) => void told.push(name + requestId),
    exitChanged: ({ exit }) => void told.push(name + exit),
  });
  const batched = createBatchedTelemetry(names.map(listener), clock);
  const end = (requestId: string) => {
    batched.telemetry.attemptEnded(attemptEnded({ requestId }));
    batched.telemetry.callEnded(callEnded({ requestId }));
  };
  return { ...batched, told, clock, end };
}

it('calls and their attempts are told after 50 ms, once, and no timer goes on', async () => {
  const { told, clock, end } = open();
  end('a');
  await clock.pass(30);
  end('b');
  await clock.pass(19);
  expect(told).toEqual([]);
  await clock.pass(1);
  expect(told).toEqual(['attempt of a', 'attempt of b', 'a', 'b']);
  expect(clock.pending()).toBe(0);
  end('c');
  await clock.pass(50);
  expect(told.slice(4)).toEqual(['attempt of c', 'c']);
});

it('an attempt alone is told as well', async () => {
  const { telemetry, told, clock } = open();
  telemetry.attemptEnded(attemptEnded({ requestId: 'probe' }));
  await clock.pass(50);
  expect(told).toEqual(['attempt of probe']);
});

it('who is about to read hears of all at once', async () => {
  const { told, clock, end, flush } = open();
  end('a');
  flush();
  expect(told).toEqual(['attempt of a', 'a']);
  expect(clock.pending()).toBe(0);
  flush();
  expect(told).toHaveLength(2);
});

it('256 calls do not wait', () => {
  const { told, telemetry, clock } = open();
  for (let i = 0; i < 255; i += 1) telemetry.callEnded(callEnded({ requestId: String(i) }));
  expect(told).toHaveLength(0);
  telemetry.callEnded(callEnded({ requestId: '255' }));
  expect([told.length, told[0], told.at(-1), clock.pending()]).toEqual([256, '0', '255', 0]);
});

it('one listener hears of all before the next does', () => {
  const { told, end, flush, telemetry } = open(['1 ', '2 ']);
  end('a');
  end('b');
  flush();
  const heard = ['attempt of a', 'attempt of b', 'a', 'b'];
  expect(told).toEqual([...heard.map((what) => `1 ${what}`), ...heard.map((what) => `2 ${what}`)]);
  telemetry.exitChanged({ exit: 'e', source: 's', state: 'ejected', reason: null });
  expect(told.slice(8)).toEqual(['1 e', '2 e']);
});

it('an exit that changed is told of at once', () => {
  const { telemetry, told } = open();
  telemetry.exitChanged({ exit: 'e', source: 's', state: 'ejected', reason: null });
  expect(told).toEqual(['e']);
});
