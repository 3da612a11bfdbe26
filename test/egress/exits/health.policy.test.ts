import { describe, expect, it } from 'vitest';
import { refused, TRUSTED } from '../../../src/egress/exits/credentials.ts';
import {
  type Circumstances,
  type ExitHealth,
  HEALTHY,
  type HealthEvent,
  healthAfter,
  retiredFrom,
} from '../../../src/egress/exits/health.ts';

const now: Circumstances = { nowMs: 1_000, random: () => 0.5, mayBeSuspected: true };
const live = (events: readonly HealthEvent[], given: Partial<Circumstances> = {}): ExitHealth =>
  events.reduce((health, event) => healthAfter(health, event, { ...now, ...given }), HEALTHY);

const unsent: HealthEvent = { kind: 'fault', isProof: true, words: 'refused' };
const sent: HealthEvent = { kind: 'fault', isProof: false, words: 'silent' };
const blocked: HealthEvent = { kind: 'blocked' };
const probed: HealthEvent = { kind: 'probed' };
const failed: HealthEvent = { kind: 'probe failed', words: 'dead' };
const answered: HealthEvent = { kind: 'answered' };
const aside: HealthEvent = { kind: 'set aside' };
const back: HealthEvent = { kind: 'brought back' };

describe('a fault of the tunnel', () => {
  it('ejects at once, with full jitter over a second', () => {
    expect(live([unsent])).toEqual({
      state: 'ejected',
      ejections: 1,
      suspicions: 0,
      suspected: false,
      probeAtMs: 1_500,
      reason: 'refused',
    });
    expect(live([unsent], { random: () => 0 }).probeAtMs).toBe(1_000);
    expect(live([unsent], { mayBeSuspected: false }).state).toBe('ejected');
  });

  it('lasts twice as long each time in a row, 64 seconds at most', () => {
    const rests: number[] = [];
    let health = live([unsent]);
    for (let i = 0; i < 9; i += 1) {
      rests.push((health.probeAtMs - 1_000) * 2);
      health = healthAfter(health, failed, now);
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000]);
    expect(health).toMatchObject({ state: 'ejected', reason: 'dead', suspected: false });
  });

  it('of calls that were under way together counts once', () => {
    expect(live([unsent, unsent, sent, blocked])).toEqual(live([unsent]));
  });

  it('is over with a probe, forgotten with an answer', () => {
    expect(live([unsent, probed])).toMatchObject({ state: 'healthy', ejections: 1, reason: null });
    expect(live([unsent, probed]).probeAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(live([unsent, probed, unsent]).ejections).toBe(2);
    expect(live([unsent, probed, answered])).toEqual(HEALTHY);
  });

  it('is not over with an answer that was under way', () => {
    expect(live([unsent, answered])).toEqual(live([unsent]));
  });

  it('found by the first probe ejects too', () => {
    expect(live([failed])).toMatchObject({ state: 'ejected', reason: 'dead', ejections: 1 });
  });
});

describe('silence of a tunnel that stands', () => {
  it('three times in a row ejects, not twice', () => {
    expect(live([sent, sent])).toMatchObject({ state: 'healthy', suspicions: 2 });
    expect(live([sent, sent, sent])).toMatchObject({
      state: 'ejected',
      reason: 'silent',
      suspected: true,
      ejections: 1,
      probeAtMs: 1_500,
    });
    expect(live([sent, sent, answered, sent, sent]).state).toBe('healthy');
  });

  it('does not where Bitbucket may be silent to all', () => {
    const health = live([sent, sent, sent, sent], { mayBeSuspected: false });
    expect(health).toMatchObject({ state: 'healthy', suspicions: 3 });
    expect(healthAfter(health, sent, now).state).toBe('ejected');
    expect(healthAfter(health, answered, now)).toEqual(HEALTHY);
  });
});

describe('the edge’s own page', () => {
  it('three times in a row sets aside, for half a minute to a minute', () => {
    expect(live([blocked, blocked]).state).toBe('healthy');
    const health = live([blocked, blocked, blocked]);
    expect(health).toMatchObject({ state: 'set_aside', suspected: true, suspicions: 2, ejections: 1 });
    expect(health.reason).toContain('edge');
    expect(health.probeAtMs).toBe(46_000);
    expect(live([blocked, blocked, blocked], { random: () => 0 }).probeAtMs).toBe(31_000);
    expect(live([blocked, blocked, blocked], { mayBeSuspected: false }).state).toBe('healthy');
  });

  it('once more after that is enough, for twice as long, an hour at most', () => {
    let health = live([blocked, blocked, blocked]);
    const rests: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      rests.push((health.probeAtMs - 1_000) / 45_000);
      health = healthAfter(healthAfter(health, probed, now), blocked, now);
      expect(health.state).toBe('set_aside');
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 64, 64]);
  });

  it('is not over with an answer under way, nor made worse by faults', () => {
    const health = live([blocked, blocked, blocked]);
    for (const event of [answered, unsent, sent, blocked])
      expect(healthAfter(health, event, now)).toBe(health);
    expect(healthAfter(health, failed, now)).toMatchObject({ state: 'ejected', ejections: 2 });
  });
});

describe('by hand', () => {
  it('set aside is for good, whatever probes say; brought back is as new', () => {
    const health = live([unsent, aside]);
    expect(health).toMatchObject({
      state: 'set_aside',
      probeAtMs: Number.POSITIVE_INFINITY,
      reason: 'set aside by the operator',
      ejections: 0,
    });
    for (const event of [answered, unsent, sent, blocked, probed, failed])
      expect(healthAfter(health, event, now)).toBe(health);
    expect(healthAfter(health, back, now)).toEqual(HEALTHY);
    expect(live([blocked, blocked, blocked, back])).toEqual(HEALTHY);
  });

  it('retired is the end', () => {
    const health = retiredFrom(live([blocked, blocked, blocked]));
    expect(health).toMatchObject({
      state: 'retired',
      suspected: false,
      probeAtMs: Number.POSITIVE_INFINITY,
      reason: null,
    });
    for (const event of [answered, unsent, probed, failed, aside, back])
      expect(healthAfter(health, event, now)).toBe(health);
  });
});

describe('a credential', () => {
  it('rests a minute after three exits in a row were refused, not after one thrice', () => {
    let health = TRUSTED;
    for (const id of ['a', 'a', 'a', 'b']) health = refused(health, id, 1_000);
    expect(health.restUntilMs).toBeNull();
    health = refused(health, 'c', 2_000);
    expect(health.restUntilMs).toBe(62_000);
    expect(TRUSTED.refused.size).toBe(0);
  });

  it('stays at rest as long as it said, and rests again when it is refused after that', () => {
    let health = TRUSTED;
    for (const id of ['a', 'b', 'c']) health = refused(health, id, 1_000);
    expect(refused(health, 'd', 60_999).restUntilMs).toBe(61_000);
    expect(refused(health, 'd', 61_000).restUntilMs).toBe(121_000);
  });
});
