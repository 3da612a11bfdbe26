import type { Call, History, Violation } from '../history.ts';
import {
  type AnsweredCall,
  grantOf,
  isAdmitted,
  isAnswered,
  isCharged,
  isIn,
  isUncertain,
  storeTroubles,
} from './facts.ts';

/** The month: never above the quota, and counted as the answers say. */
export function checkMonth(history: History): Violation[] {
  return history.setup.accounts.flatMap((terms, account) => {
    const calls = history.calls.filter((call) => call.account === account);
    const answered = calls.filter(isAnswered);
    const months = new Set([...answered.filter(isAdmitted).map(monthOf), ...monthsUsed(history, account)]);
    return [
      ...[...months].flatMap((month) =>
        checkOne(history, { account, month, calls, quota: terms.callsPerMonth }),
      ),
      ...checkRemaining(history, answered, calls, terms.callsPerMonth),
      ...checkExhausted(history, answered, calls, terms.callsPerMonth),
    ];
  });
}

const monthOf = ({ end }: AnsweredCall) => new Date(end.timestampMs).toISOString().slice(0, 7);
const monthsUsed = ({ usage }: History, account: number) =>
  [...usage.keys()].flatMap((name) => (name.startsWith(`${account} `) ? [name.split(' ')[1] ?? ''] : []));

interface Month {
  readonly account: number;
  readonly month: string;
  readonly calls: readonly Call[];
  readonly quota: number;
}

function checkOne(history: History, { account, month, calls, quota }: Month): Violation[] {
  const answered = calls.filter(isAnswered);
  const charged = answered.filter((call) => isCharged(call) && monthOf(call) === month).length;
  const used = history.usage.get(`${account} ${month}`) ?? 0;
  const slack = slackOf(history, answered, quota);
  const most = charged + calls.filter(isUncertain).length + slack.over;
  const words = `account ${account} in ${month}: ${charged} answers cost one, ${used} are counted`;
  const violations: Violation[] = [];
  if (charged > quota + slack.above)
    violations.push({ promise: 'never more than the month’s quota', words: `${words}, quota ${quota}` });
  if (used < charged - slack.under)
    violations.push({
      promise: 'every admitted call is counted',
      words: `${words}, ${slack.under} may be missing`,
    });
  if (used > most)
    violations.push({
      promise: 'nothing is counted twice or for nothing',
      words: `${words}, ${most} at most`,
    });
  return violations;
}

/** What the contract lets pass: grants while the store is away, blocks that a kill or an unwritable file forgets. */
function slackOf(history: History, answered: readonly AnsweredCall[], quota: number) {
  const grant = grantOf(quota);
  const troubles = storeTroubles(history);
  const killed = history.lives.filter(({ end }) => end === 'killed');
  const endedAway = history.lives.filter(({ endedAtMs }) => isIn(troubles, endedAtMs - 500, endedAtMs));
  const isRedis = history.setup.store === 'redis';
  // What was given back just before the end, and could not be told any more: a file hears of it twice a second.
  const untoldMs = isRedis ? 5_000 : 700;
  const refundsLost = [...killed, ...(isRedis ? endedAway : [])].flatMap(({ gateway, endedAtMs }) =>
    answered.filter(
      (call) =>
        call.gateway === gateway &&
        call.end.status >= 500 &&
        call.end.atMs <= endedAtMs &&
        call.end.atMs > endedAtMs - untoldMs,
    ),
  ).length;
  const lost = history.acts.flatMap(({ event, beganAtMs }) =>
    event.do === 'failover'
      ? answered.filter(
          (call) =>
            isAdmitted(call) &&
            call.end.atMs > beganAtMs - 200 &&
            call.askedAtMs < beganAtMs + event.lostMs + event.awayMs + 200,
        )
      : [],
  ).length;
  return {
    above: (isRedis && troubles.length > 0 ? history.lives.length * grant : 0) + lost,
    under: isRedis ? endedAway.length * grant + (killed.length > 0 ? lost : 0) : 0,
    over:
      refundsLost +
      (isRedis ? 0 : (killed.length + endedAway.length) * grant) +
      (killed.length > 0 ? lost : 0),
  };
}

/** `x-quota-remaining` is true as of the admission, where nothing was forgotten or guessed. */
function checkRemaining(
  history: History,
  answered: readonly AnsweredCall[],
  calls: readonly Call[],
  quota: number,
): Violation[] {
  if (storeTroubles(history).length + history.offsets.length > 0) return [];
  if (history.lives.some(({ end }) => end === 'killed')) return [];
  const costly = answered.filter(isCharged);
  return answered.filter(isAdmitted).flatMap((call) => {
    const { remaining } = call.end;
    const sameMonth = costly.filter((other) => monthOf(other) === monthOf(call));
    const own = isCharged(call) ? 1 : 0;
    const least = own + sameMonth.filter((other) => other !== call && other.end.atMs < call.askedAtMs).length;
    const most = own + calls.filter((other) => other !== call && other.askedAtMs <= call.end.atMs).length;
    const used = remaining === null ? null : quota - remaining;
    if (used !== null && used >= Math.min(least, quota) && used <= most) return [];
    return [
      {
        promise: 'x-quota-remaining is true',
        words: `call ${call.n} says ${remaining} of ${quota}; between ${least} and ${most} are used`,
      },
    ];
  });
}

/** Nobody is told that the month is used up while it is not. */
function checkExhausted(
  history: History,
  answered: readonly AnsweredCall[],
  calls: readonly Call[],
  quota: number,
): Violation[] {
  const slack = slackOf(history, answered, quota);
  return answered.flatMap((call) => {
    if (call.end.code !== 'quota_exhausted') return [];
    const most =
      calls.filter((other) => other !== call && other.askedAtMs <= call.end.atMs).length + slack.over;
    if (most >= quota) return [];
    return [
      {
        promise: 'the month is used up only when it is',
        words: `call ${call.n} at ${call.askedAtMs}: at most ${most} of ${quota} can be used`,
      },
    ];
  });
}
