import type { Call, History, Violation } from '../history.ts';
import { stalls } from './facts.ts';

const HOUR_MS = 3_600_000;
const MAX_ATTEMPTS = 4;
/** Calls of an exit that a gateway may hold reserved: a failover may forget them. */
const LEASED = 5;

/** What the upstream may hold against us, by its own count. */
export function checkUpstream(history: History): Violation[] {
  const { setup, seen, acts } = history;
  const failovers = acts.filter(({ event }) => event.do === 'failover').length;
  const forgotten = failovers * LEASED * setup.gateways;
  const hours = 1 + settingsAhead(history);
  const violations: Violation[] = [];
  const byAddress = Map.groupBy(seen, ({ address }) => address);
  for (const [address, requests] of byAddress) {
    const most = setup.hourlyBudget * hours + forgotten;
    const times = requests.map(({ atMs }) => atMs);
    if (mostWithin(times) > most)
      violations.push({
        promise: 'no exit goes above its budget',
        words: `${address} made ${mostWithin(times)} calls within an hour, ${most} are allowed`,
      });
  }
  const whole = mostWithin(seen.map(({ atMs }) => atMs));
  if (setup.hourlyCeiling !== null && whole > setup.hourlyCeiling * hours + forgotten)
    violations.push({
      promise: 'all exits together stay below the ceiling',
      words: `${whole} calls within an hour, ${setup.hourlyCeiling} are allowed`,
    });
  violations.push(...checkAttempts(history));
  for (const { target, serial } of seen)
    if (!/^\/2\.0\/repositories\/[a-z]+\/r\d+(\/refs\/branches)?(\?|$)/.test(target))
      violations.push({
        promise: 'only what was asked for goes upstream',
        words: `request ${serial}: ${target}`,
      });
  return violations;
}

/** At most four attempts a call, and none of them leaves when the call is over. */
function checkAttempts(history: History): Violation[] {
  const { calls, seen } = history;
  const violations: Violation[] = [];
  const byCall = Map.groupBy(seen, ({ target }) => Number(/\/r(\d+)/.exec(target)?.[1] ?? 0));
  for (const call of calls) {
    const { n } = call;
    const requests = byCall.get(n) ?? [];
    const attempts = requests.length;
    if (attempts > MAX_ATTEMPTS)
      violations.push({ promise: 'at most four attempts a call', words: `call ${n} made ${attempts}` });
    const late = requests.find(({ atMs }) => atMs > leavesUntilMs(history, call) + travelMs(history));
    if (late !== undefined)
      violations.push({
        promise: 'nothing leaves for a call that is over',
        words: `call ${n} ended at ${call.end?.atMs}, request ${late.serial} came at ${late.atMs}`,
      });
  }
  return violations;
}

/** When its gateway knows that a call is over: a loop that stands still hears of a hang-up behind that. */
function leavesUntilMs(history: History, { gateway, end }: Call): number {
  let atMs = end?.atMs ?? Number.POSITIVE_INFINITY;
  for (const { fromMs, toMs } of stalls(history, gateway)) if (fromMs <= atMs && atMs < toMs) atMs = toMs;
  return atMs;
}

/** What a request may need from its gateway to the upstream, ms; through a slow exit twenty times as long. */
function travelMs({ setup, acts }: History): number {
  const slowness = acts.some(({ event }) => event.do === 'exit' && event.state === 'slow') ? 20 : 1;
  return slowness * 1.2 * Math.max(...setup.exits.map(({ latencyMs }) => latencyMs)) + 1;
}

/** The hour is that of the store's clock, or of the file's owner over a restart: one set ahead ends it early. */
const settingsAhead = ({ offsets, setup }: History) =>
  offsets.filter(({ of, ms }) => ms > 0 && (of === 'store') === (setup.store === 'redis')).length;

/** The most of `times` (in their order) within any 60 minutes. */
function mostWithin(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [last, atMs] of times.entries()) {
    while (atMs - (times[first] ?? 0) >= HOUR_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
