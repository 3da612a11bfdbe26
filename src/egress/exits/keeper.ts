import type { Clock } from '../../domain/clock.ts';
import type { Fault } from '../fault.ts';
import { type CredentialHealth, refused, TRUSTED } from './credentials.ts';
import { type HealthEvent, healthAfter } from './health.ts';
import type { Member } from './member.ts';
import { openOnce } from './probe.ts';
import type { Roster } from './roster.ts';

/** Probes under way at once. */
const PROBES = 32;

export interface KeeperOptions {
  readonly origin: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly roster: Roster;
  /** A credential was refused to so many of its exits that it rests. */
  readonly credentialRests: (member: Member) => void;
}

/**
 * Keeps the health of every exit: hears how calls ended, and opens tunnels in the background to those that left
 * service, so that no caller ever finds out for us whether they are back.
 */
export class HealthKeeper {
  readonly #options: KeeperOptions;
  readonly #credentials = new Map<string, CredentialHealth>();
  readonly #queue: { readonly member: Member; readonly done: () => void }[] = [];
  #probing = 0;
  /** Members out of service by signs alone. */
  #suspected = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Something was learnt about the member. */
  note(member: Member, event: HealthEvent): void {
    if (!member.from.ejectable && ['blocked', 'fault', 'probe failed'].includes(event.kind)) return;
    const { clock, random, roster } = this.#options;
    const nowMs = clock.monotonic();
    const mayBeSuspected = (this.#suspected + 1) * 2 <= roster.size;
    const before = member.health;
    member.health = healthAfter(before, event, { nowMs, random, mayBeSuspected });
    this.#suspected += Number(member.health.suspected) - Number(before.suspected);
    if (member.health.probeAtMs !== before.probeAtMs)
      this.#probeLater(member, member.health.probeAtMs - nowMs);
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

  /** A call or a probe met a fault. Where it proves nothing, a tunnel opened at once tells whether the exit is dead. */
  noteFault(member: Member, fault: Fault, event: HealthEvent): void {
    member.isRefused = fault.verdict === 'credentials';
    if (member.isRefused) this.#refused(member);
    this.note(member, event);
    if (event.kind === 'fault' && !event.isProof && member.health.state === 'healthy')
      this.probe(member).catch(() => {});
  }

  /** Its tunnel opened: what it says it is, is believed. */
  noteTrusted(member: Member): void {
    const { credential } = member.from;
    if (credential === null || !this.#credentials.has(credential)) return;
    const rested = this.#credentials.get(credential)?.restUntilMs !== null;
    this.#credentials.delete(credential);
    if (rested) this.#release(credential);
  }

  /** Until when the member's credential rests, ms of the clock; null when it does not. */
  restUntilMs(member: Member): number | null {
    const { credential } = member.from;
    return credential === null ? null : (this.#credentials.get(credential)?.restUntilMs ?? null);
  }

  /** Tries one that is out of service, unless its credential rests, where one exit finds out for all. */
  probeDue(member: Member): void {
    const { state, probeAtMs } = member.health;
    if (state !== 'ejected' && state !== 'set_aside') return;
    if (probeAtMs > this.#options.clock.monotonic() || this.restUntilMs(member) !== null) return;
    this.probe(member).catch(() => {});
  }

  /** Settles when each of `members` was tried once. */
  async probeAll(members: Iterable<Member>): Promise<void> {
    await Promise.all([...members].map((member) => this.probe(member)));
  }

  /** CONNECT and TLS alone: costs no budget. Some at a time; settles when it was tried, whatever came of it. */
  probe(member: Member): Promise<void> {
    if (!member.from.ejectable || member.isProbing) return Promise.resolve();
    member.isProbing = true;
    return new Promise((done) => {
      this.#queue.push({ member, done });
      this.#probeNext();
    });
  }

  #probeNext(): void {
    while (this.#probing < PROBES) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#probing += 1;
      this.#probeNow(next.member)
        .catch(() => {})
        .finally(() => {
          this.#probing -= 1;
          next.member.isProbing = false;
          next.done();
          this.#probeNext();
        });
    }
  }

  async #probeNow(member: Member): Promise<void> {
    if (member.health.state === 'retired') return;
    const fault = await openOnce(member.connect, this.#options.origin);
    if (fault !== null) return this.noteFault(member, fault, { kind: 'probe failed', words: fault.words });
    this.noteTrusted(member);
    this.note(member, { kind: 'probed' });
  }

  #probeLater(member: Member, ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#options.clock.after(Math.max(0, ms), () => this.probeDue(member));
  }

  #refused(member: Member): void {
    const { credential } = member.from;
    if (credential === null) return;
    const nowMs = this.#options.clock.monotonic();
    const before = this.#credentials.get(credential) ?? TRUSTED;
    const after = refused(before, member.id, nowMs);
    this.#credentials.set(credential, after);
    if (after.restUntilMs === null || after.restUntilMs === before.restUntilMs) return;
    if (before.restUntilMs === null) this.#options.credentialRests(member);
    this.#options.clock.after(after.restUntilMs - nowMs, () => this.#tryAgain(credential));
    for (const each of this.#sharing(credential)) this.#options.roster.refresh(each, nowMs);
  }

  /** One exit of the credential finds out for all. */
  #tryAgain(credential: string): void {
    const sharing = this.#sharing(credential);
    const member = sharing[Math.floor(this.#options.random() * sharing.length)];
    if (member === undefined) this.#credentials.delete(credential);
    else
      this.probe(member)
        .then(() => {
          const untilMs = this.#credentials.get(credential)?.restUntilMs ?? null;
          // Another fault than a refusal says nothing against the credential.
          if (untilMs !== null && untilMs <= this.#options.clock.monotonic()) {
            this.#credentials.delete(credential);
            this.#release(credential);
          }
        })
        .catch(() => {});
  }

  #release(credential: string): void {
    const nowMs = this.#options.clock.monotonic();
    for (const member of this.#sharing(credential)) {
      this.#options.roster.refresh(member, nowMs);
      if (member.health.state === 'ejected') this.probe(member).catch(() => {});
    }
  }

  #sharing(credential: string): Member[] {
    return [...this.#options.roster.members()].filter(({ from }) => from.credential === credential);
  }
}
