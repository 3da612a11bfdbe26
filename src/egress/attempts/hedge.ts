import type { Elsewhere, Verdict } from './verdict.ts';

/** Without a verdict for this part of the time that is left, the exit counts as failing: another is tried beside it. */
const PATIENCE = 0.3;

export interface Patience {
  readonly ms: number;
  /** What the second attempt is paid from: the allowance for comfort, or the one for faults. */
  readonly from: 'hedges' | 'retries';
}

/** How long a first attempt is waited for before another is made beside it: `p95Ms` where comfort can be afforded. */
export function patienceOf(leftMs: number, p95Ms: number | undefined, canHedge: boolean): Patience {
  const longestMs = Math.max(1, leftMs * PATIENCE);
  if (!canHedge || p95Ms === undefined || p95Ms >= longestMs) return { ms: longestMs, from: 'retries' };
  return { ms: p95Ms, from: 'hedges' };
}

/**
 * What attempts side by side come to. The first that ends the call wins at once, a refusal as well as an answer; one
 * that only says to ask elsewhere waits for the others. If all say so, the one that asks for patience.
 */
export function decisive(verdicts: readonly Promise<Verdict>[]): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const elsewhere: Elsewhere[] = [];
    for (const each of verdicts) {
      each.then((verdict) => {
        if (verdict.kind !== 'elsewhere') return resolve(verdict);
        elsewhere.push(verdict);
        if (elsewhere.length === verdicts.length) resolve(patientOf(elsewhere));
      }, reject);
    }
  });
}

const patientOf = (elsewhere: readonly Elsewhere[]) =>
  elsewhere.find(({ when }) => when === 'after jitter') ?? (elsewhere[0] as Elsewhere);
