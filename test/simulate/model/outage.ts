import type { History, Violation } from '../history.ts';
import { grantOf, isAdmitted, isAnswered } from './facts.ts';

/** Until it is noticed that the store is silent, ms. */
const NOTICED_MS = 150;

const monthOf = (atMs: number | null) => new Date(atMs ?? 0).toISOString().slice(0, 7);

/** When another server, which hangs no more, took the place of the one before. */
const takeoversAfter = ({ acts }: History, fromMs: number) =>
  acts
    .flatMap(({ event, beganAtMs }) => (event.do === 'failover' ? [beganAtMs + event.lostMs] : []))
    .filter((atMs) => atMs >= fromMs);

/** While the shared store hangs, a gateway serves an account no more than its grant. */
export function checkOutage(history: History): Violation[] {
  const violations: Violation[] = [];
  if (history.setup.store !== 'redis') return violations;
  for (const { event, beganAtMs } of history.acts) {
    if (event.do !== 'hang' || event.ms < NOTICED_MS) continue;
    const fromMs = beganAtMs + NOTICED_MS;
    const toMs = Math.min(beganAtMs + event.ms, ...takeoversAfter(history, beganAtMs));
    const during = history.calls
      .filter(isAnswered)
      .filter((call) => isAdmitted(call) && call.askedAtMs > fromMs && call.end.atMs < toMs);
    // A grant is a part of the month: a hang over the edge of one has two.
    const placeOf = ({ gateway, account, end }: (typeof during)[number]) =>
      `${gateway} ${account} ${monthOf(end.timestampMs)}`;
    for (const [name, calls] of Map.groupBy(during, placeOf)) {
      const grant = grantOf(history.setup.accounts[Number(name.split(' ')[1])]?.callsPerMonth ?? 0);
      if (calls.length > grant)
        violations.push({
          promise: 'while the store is away a gateway serves no more than its grant',
          words: `gateway and account ${name}: ${calls.length} served from ${fromMs} to ${toMs}, ${grant} granted`,
        });
    }
  }
  return violations;
}
