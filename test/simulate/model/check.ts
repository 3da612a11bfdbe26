import type { History, Violation } from '../history.ts';
import { checkAnswers } from './answers.ts';
import { checkCodes } from './codes.ts';
import { checkKeys } from './keys.ts';
import { checkMonth } from './month.ts';
import { checkOutage } from './outage.ts';
import { checkSecond } from './second.ts';
import { checkSecrets } from './secrets.ts';
import { checkUpstream } from './upstream.ts';

/**
 * Judges a run by what callers, the upstream and operators saw of it. Knows the contract's numbers and nothing of the
 * gateway's own code.
 */
export function checkAll(history: History): Violation[] {
  return [
    ...history.thrown.map((words) => ({ promise: 'nothing is thrown and not caught', words })),
    ...history.left.map((words) => ({ promise: 'nothing is left open at the end', words })),
    ...checkAnswers(history),
    ...checkCodes(history),
    ...checkSecond(history),
    ...checkMonth(history),
    ...checkOutage(history),
    ...checkUpstream(history),
    ...checkKeys(history),
    ...checkSecrets(history),
  ];
}
