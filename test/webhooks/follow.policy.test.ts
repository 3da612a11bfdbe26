import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/webhooks/event.ts';
import { type AuditTrail, followAudit, outboxEventOf } from '../../src/webhooks/follow.ts';
import type { Followed, Outbox, OutboxEvent } from '../../src/webhooks/outbox.ts';

const event = (number: number): WebhookEvent => ({
  ...({ id: `e${number}`, type: 'key.created', accountId: 'a', createdAtMs: 0 } as const),
  data: { number },
});

/** A trail of `count` rows of which every third tells something. */
const trailOf = (count: number): AuditTrail => ({
  end: async () => count,
  read: async (number, rows) => {
    const numbers = Array.from({ length: Math.max(0, Math.min(rows, count - number)) }, (_, i) => number + i);
    return { events: numbers.filter((each) => each % 3 === 0).map(event), next: number + numbers.length };
  },
});

/** An outbox in memory that answers `add` as it is told to first. */
function outboxAt(followed: number | null, ...answers: ('full' | 'overtaken')[]) {
  const added: OutboxEvent[] = [];
  const steps: (Followed | undefined)[] = [];
  const state = { followed };
  const outbox = {
    followedTo: async () => state.followed,
    add: async (events: readonly OutboxEvent[], step?: Followed) => {
      const answer = answers.shift();
      steps.push(step);
      if (answer === 'overtaken') state.followed = step?.is ?? null;
      if (answer !== undefined) return answer;
      added.push(...events);
      state.followed = step?.is ?? state.followed;
      return 'added';
    },
  } as unknown as Outbox;
  return { outbox, added, steps, state };
}

describe('the audit is followed', () => {
  it('from its end on where it never was', async () => {
    const { outbox, added, steps } = outboxAt(null);
    expect(await followAudit(outbox, trailOf(7))).toBe('at its end');
    expect([added, steps]).toEqual([[], [{ was: null, is: 7 }]]);
  });

  it('to its end, each row once, by steps of 200', async () => {
    const { outbox, added, steps } = outboxAt(2);
    expect(await followAudit(outbox, trailOf(450))).toBe('at its end');
    const expected = Array.from({ length: 450 }, (_, i) => i).filter((i) => i >= 2 && i % 3 === 0);
    expect(added).toEqual(expected.map(event).map(outboxEventOf));
    expect(steps).toEqual([
      { was: 2, is: 202 },
      { was: 202, is: 402 },
      { was: 402, is: 450 },
    ]);
  });

  it('no further while there is no room', async () => {
    const { outbox, added, state } = outboxAt(0, 'full');
    expect(await followAudit(outbox, trailOf(5))).toBe('full');
    expect([added, state.followed]).toEqual([[], 0]);
  });

  it('behind where another gateway has come to meanwhile', async () => {
    const { outbox, added, steps } = outboxAt(0, 'overtaken');
    expect(await followAudit(outbox, trailOf(300))).toBe('at its end');
    expect(added[0]?.id).toBe('e201');
    expect(steps.at(-1)).toEqual({ was: 200, is: 300 });
  });

  it('not at all where nothing is new', async () => {
    const { outbox, steps } = outboxAt(5);
    expect(await followAudit(outbox, trailOf(5))).toBe('at its end');
    expect(steps).toEqual([]);
  });
});

it('an event is kept as it will be sent', () => {
  expect(outboxEventOf({ ...event(1), createdAtMs: 1_764_000_000_123 })).toEqual({
    ...{ id: 'e1', accountId: 'a', createdAtMs: 1_764_000_000_123 },
    body: '{"id":"e1","type":"key.created","created_at":"2025-11-24T16:00:00.123Z","data":{"number":1}}',
  });
});
