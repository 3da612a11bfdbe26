import type { Clock } from '../../domain/clock.ts';
import type { Fault } from '../fault.ts';
import { CredentialRests } from './credential-rests.ts';
import { type HealthEvent, healthAfter, isHeldAgainst } from './health.ts';
import type { Member } from './member.ts';
import { Probes } from './probes.ts';
import type { Roster } from './roster.ts';

export interface KeeperOptions {
  readonly origin: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly roster: Pick<Roster, 'members' | 'refresh' | 'size'>;
  /** A credential was refused to so many of its exits that it rests. */
  readonly credentialRests: (member: Member) => void;
}

/**
 * Keeps the health of every exit: hears how calls ended, and opens tunnels in the background to those that left
 * service, so that no caller ever finds out for us whether they are back.
 */
export class HealthKeeper {
  readonly #options: KeeperOptions;
  readonly #credentials: CredentialRests;
  readonly #probes: Probes;
  /** Members out of service by signs alone. */
  #suspected = 0;

  constructor(options: KeeperOptions) {
    const { origin, clock, random, roster, credentialRests } = options;
    this.#options = options;
    this.#probes = new Probes({ origin, tried: (member, fault) => this.#tried(member, fault) });
    this.#credentials = new CredentialRests({
      clock,
      random,
      members: () => roster.members(),
      began: credentialRests,
      changed: (member) => roster.refresh(member, clock.monotonic()),
      probe: (member) => this.probe(member),
    });
  }

  /** Something was learnt about the member. */
  note(member: Member, event: HealthEvent): void {
    if (!member.from.ejectable && isHeldAgainst(event)) return;
    const { clock, random, roster } = this.#options;
    const nowMs = clock.monotonic();
    const mayBeSuspected = (this.#suspected + 1) * 2 <= roster.size;
    const before = member.health;
    member.health = healthAfter(before, event, { nowMs, random, mayBeSuspected });
    // As nearly always.
    if (member.health === before) return;
    this.#suspected += Number(member.health.suspected) - Number(before.suspected);
    const { probeAtMs } = member.health;
    if (probeAtMs !== before.probeAtMs && probeAtMs !== Number.POSITIVE_INFINITY)
      clock.after(probeAtMs - nowMs, () => this.probeDue(member));
    roster.refresh(member, nowMs);
  }

  /** By hand. False: there is no such exit. */
  order(member: Member | undefined, kind: 'set aside' | 'brought back'): boolean {
    if (member === undefined) return false;
    this.note(member, { kind });
    return true;
  }

  /** It has another password: what the old one met no longer holds. */
  renewed(member: Member): void {
    if (member.health.state === 'ejected') this.note(member, { kind: 'brought back' });
  }

  /** It is about to be gone; what was suspected of it no longer counts. */
  forget(member: Member): void {
    if (member.health.suspected) this.#suspected -= 1;
  }

  /** A call or a probe met a fault. Where it proved nothing, a tunnel opened at once tells whether the exit is dead. */
  noteFault(member: Member, fault: Fault, event: HealthEvent): void {
    member.isRefused = fault.verdict === 'credentials';
    if (member.isRefused) this.#credentials.refused(member);
    this.note(member, event);
    if (member.health.state === 'healthy') this.probe(member).catch(() => {});
  }

  /** Its tunnel opened: what it says it is, is believed. */
  noteTrusted(member: Member): void {
    this.#credentials.trusted(member);
  }

  /** Until when the member's credential rests, ms of the clock; null when it does not. */
  restUntilMs(member: Member): number | null {
    return this.#credentials.untilMs(member);
  }

  /** Tries one that is out of service: not of a stopped source, nor where its credential rests and one finds out for all. */
  probeDue(member: Member): void {
    const isDue = member.health.probeAtMs <= this.#options.clock.monotonic();
    if (!isDue || member.isStopped || this.restUntilMs(member) !== null) return;
    this.probe(member).catch(() => {});
  }

  /** Settles when each of `members` was tried once. */
  async probeAll(members: Iterable<Member>): Promise<void> {
    await Promise.all([...members].map((member) => this.probe(member)));
  }

  /** CONNECT and TLS alone; settles when it was tried, whatever came of it. */
  probe(member: Member): Promise<void> {
    return this.#probes.try(member);
  }

  #tried(member: Member, fault: Fault | null): void {
    if (fault !== null) {
      this.noteFault(member, fault, { kind: 'probe failed', words: fault.words });
      return;
    }
    this.noteTrusted(member);
    this.note(member, { kind: 'probed' });
  }
}
