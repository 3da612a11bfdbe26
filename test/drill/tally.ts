import { FAILURES, type FailureCode } from '../../src/domain/failure.ts';
import type { Answered } from './load.ts';

/** What a drill came to; `lost` and `overcharged` are 0 or the drill has failed. */
export interface Tally {
  readonly asked: number;
  /** Answers with the right data. */
  readonly right: number;
  /** Refusals with a code of the table that fits the drill, and calls to a process that was not there. */
  readonly refused: number;
  /** Calls without an answer that should have had one, wrong answers, and calls that the month forgot. */
  readonly lost: number;
  /** Calls of the month beyond what was answered and what a crash may cost. */
  readonly overcharged: number;
  readonly rssMb: number;
  readonly recoveredMs: number;
  /** What went wrong, for a person. */
  readonly remarks: readonly string[];
}

export interface TallyOptions {
  readonly answers: readonly Answered[];
  /** Codes that this drill's weather allows. */
  readonly allowed: readonly string[];
  /** Whether a call without an answer is to be expected: its process was not there. */
  readonly mayBeCut?: (answer: Answered) => boolean;
  /** What the store has counted for all accounts of the drill; undefined where it is not looked at. */
  readonly used?: number;
  /** What crashes may have cost (0.2 % of the month, 100 calls at most, each). */
  readonly mayOvercount?: number;
  readonly rssMb?: number;
  readonly recoveredMs?: number;
  readonly remarks?: readonly string[];
}

export function tallyOf(options: TallyOptions): Tally {
  const { answers, allowed, mayBeCut = () => false, mayOvercount = 0 } = options;
  const right = answers.filter(({ isRight }) => isRight).length;
  const cut = answers.filter(({ status }) => status === 0);
  const unexpected = answers.filter(
    ({ status, isRight, code }) => status !== 0 && !isRight && !(code !== null && allowed.includes(code)),
  );
  const lostCuts = cut.filter((answer) => !mayBeCut(answer)).length;
  const charged = answers.filter(isCharged).length;
  const used = options.used ?? charged;
  const forgotten = Math.max(0, charged - used);
  const remarks = [
    ...(options.remarks ?? []),
    ...(lostCuts === 0 ? [] : [`${lostCuts} calls without an answer`]),
    ...(forgotten === 0 ? [] : [`${forgotten} calls forgotten by the month`]),
    ...[...new Set(unexpected.map(({ status, code }) => `unexpected ${status} ${code}`))],
  ];
  return {
    asked: answers.length,
    right,
    refused: answers.length - right - unexpected.length - lostCuts,
    lost: lostCuts + unexpected.length + forgotten,
    overcharged: Math.max(0, used - charged - cut.length - mayOvercount),
    rssMb: Math.round(options.rssMb ?? 0),
    recoveredMs: Math.round(options.recoveredMs ?? 0),
    remarks,
  };
}

/** By the table of codes: data, and what Bitbucket itself answered. */
export function isCharged({ status, code }: Answered): boolean {
  if (status === 200 || status === 304) return true;
  return code !== null && Object.hasOwn(FAILURES, code) && FAILURES[code as FailureCode].charged;
}

export const lineOf = (name: string, tally: Tally): string =>
  `${name}: asked=${tally.asked} right=${tally.right} refused=${tally.refused} lost=${tally.lost} overcharged=${tally.overcharged} rss_mb=${tally.rssMb} recovered_ms=${tally.recoveredMs}`;
