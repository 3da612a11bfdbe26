/** Whether an exit may be chosen, and what must happen before it may be again. */
export interface ExitHealth {
  readonly state: 'healthy' | 'ejected' | 'set_aside' | 'retired';
  /** Times it left service in a row, without a good answer between. */
  readonly ejections: number;
  /** Signs in a row, without a good answer between, that it may be at fault; Bitbucket may be as well. */
  readonly suspicions: number;
  /** Whether it left service by signs alone. */
  readonly suspected: boolean;
  /** When a probe may bring it back, ms of the pool's clock; Infinity: by hand alone. */
  readonly probeAtMs: number;
  /** For the operator; null in service. */
  readonly reason: string | null;
}

export type HealthEvent =
  /** Bitbucket answered through it. */
  | { readonly kind: 'answered' }
  /** The edge sent its own page. */
  | { readonly kind: 'blocked' }
  /** A call met a fault. Not proven: others may be at fault, Bitbucket or the call's own deadline. */
  | { readonly kind: 'fault'; readonly isProof: boolean; readonly words: string }
  /** A tunnel and TLS were opened for their own sake. */
  | { readonly kind: 'probed' }
  | { readonly kind: 'probe failed'; readonly words: string }
  | { readonly kind: 'set aside' | 'brought back' };

export interface Circumstances {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether signs may take it out of service: not where most exits show them, for then Bitbucket is at fault. */
  readonly mayBeSuspected: boolean;
}

/** An ejection lasts 1 s, doubled each time in a row, with full jitter. */
const EJECTION_MS = 1_000;
const DOUBLINGS = 6;
/** So many signs in a row are one too many. */
const SUSPICIONS = 3;
/** The edge blocks an address for minutes rather than seconds. */
const BLOCK_MS = 60_000;

export const HEALTHY: ExitHealth = {
  state: 'healthy',
  ejections: 0,
  suspicions: 0,
  suspected: false,
  probeAtMs: Number.POSITIVE_INFINITY,
  reason: null,
};

/** The machine: what an exit's health is after `event`. */
export function healthAfter(health: ExitHealth, event: HealthEvent, now: Circumstances): ExitHealth {
  if (health.state === 'retired') return health;
  switch (event.kind) {
    case 'set aside':
      return { ...HEALTHY, state: 'set_aside', reason: 'set aside by the operator' };
    case 'brought back':
      return HEALTHY;
    case 'answered':
      return health.state === 'healthy' ? HEALTHY : health;
    case 'probed':
      return isByHand(health)
        ? health
        : { ...HEALTHY, ejections: health.ejections, suspicions: health.suspicions };
    case 'probe failed':
      return isByHand(health) ? health : ejected(health, event.words, false, now);
    case 'fault':
      if (health.state !== 'healthy') return health;
      return event.isProof ? ejected(health, event.words, false, now) : suspect(health, event, now);
    case 'blocked':
      return health.state === 'healthy' ? suspect(health, event, now) : health;
  }
}

/** Whether it speaks against the exit; our own address never leaves service by it. */
export const isHeldAgainst = ({ kind }: HealthEvent): boolean =>
  kind === 'blocked' || kind === 'fault' || kind === 'probe failed';

/** No way leads back. */
export const retiredFrom = (health: ExitHealth): ExitHealth => ({
  ...health,
  state: 'retired',
  suspected: false,
  probeAtMs: Number.POSITIVE_INFINITY,
  reason: null,
});

/** Set aside by the operator, who alone brings it back. */
const isByHand = ({ state, probeAtMs }: ExitHealth) =>
  state === 'set_aside' && probeAtMs === Number.POSITIVE_INFINITY;

function suspect(
  health: ExitHealth,
  event: { readonly kind: 'blocked' } | { readonly kind: 'fault'; readonly words: string },
  now: Circumstances,
): ExitHealth {
  const suspicions = Math.min(SUSPICIONS, health.suspicions + 1);
  const warned = { ...health, suspicions };
  if (suspicions < SUSPICIONS || !now.mayBeSuspected) return warned;
  return event.kind === 'blocked' ? blocked(warned, now) : ejected(warned, event.words, true, now);
}

function ejected(health: ExitHealth, reason: string, suspected: boolean, now: Circumstances): ExitHealth {
  const longestMs = EJECTION_MS * 2 ** Math.min(health.ejections, DOUBLINGS);
  return {
    ...health,
    state: 'ejected',
    ejections: health.ejections + 1,
    suspected,
    probeAtMs: now.nowMs + now.random() * longestMs,
    reason,
  };
}

/** Half the jitter: a block is not over in no time. A probe cannot see whether it is: the next page sets it aside again. */
function blocked(health: ExitHealth, now: Circumstances): ExitHealth {
  const longestMs = BLOCK_MS * 2 ** Math.min(health.ejections, DOUBLINGS);
  return {
    ...health,
    state: 'set_aside',
    ejections: health.ejections + 1,
    suspicions: SUSPICIONS - 1,
    suspected: true,
    probeAtMs: now.nowMs + (longestMs * (1 + now.random())) / 2,
    reason: 'Bitbucket’s edge sends pages of its own to this address',
  };
}
