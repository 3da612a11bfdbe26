import type { Clock } from '../../domain/clock.ts';
import { type CredentialHealth, refused, TRUSTED } from './credentials.ts';
import type { Member } from './member.ts';

export interface CredentialRestsOptions {
  readonly clock: Clock;
  /** In [0, 1); which exit finds out for all. */
  readonly random: () => number;
  readonly members: () => Iterable<Member>;
  /** It was refused to so many of its exits that it rests. Told once until it is in use again. */
  readonly began: (member: Member) => void;
  /** Whether its credential rests has changed. */
  readonly changed: (member: Member) => void;
  /** Settles when a tunnel of it was tried. */
  readonly probe: (member: Member) => Promise<void>;
}

/** Credentials that proxies refuse: the exits that share one rest together, and one of them finds out for all. */
export class CredentialRests {
  readonly #options: CredentialRestsOptions;
  /** Of those that are not trusted. */
  readonly #known = new Map<string, CredentialHealth>();

  constructor(options: CredentialRestsOptions) {
    this.#options = options;
  }

  /** Until when the member's credential rests, ms of the clock; null when it does not. */
  untilMs({ from: { credential } }: Member): number | null {
    return this.#known.get(credential ?? '')?.restUntilMs ?? null;
  }

  /** The proxy refused it to the member. */
  refused(member: Member): void {
    const { clock, began, changed } = this.#options;
    const { credential } = member.from;
    if (credential === null) return;
    const nowMs = clock.monotonic();
    const before = this.#known.get(credential) ?? TRUSTED;
    const after = refused(before, member.id, nowMs);
    this.#known.set(credential, after);
    if (after.restUntilMs === null || after.restUntilMs === before.restUntilMs) return;
    if (before.restUntilMs === null) began(member);
    clock.after(after.restUntilMs - nowMs, () => this.#tryAgain(credential).catch(() => {}));
    for (const each of this.#sharing(credential)) changed(each);
  }

  /** A tunnel of the member opened: what it says it is, is believed. */
  trusted(member: Member): void {
    const { credential } = member.from;
    if (credential !== null && this.#known.has(credential)) this.#trust(credential);
  }

  #trust(credential: string): void {
    const { changed, probe } = this.#options;
    const hasRested = this.#known.get(credential)?.restUntilMs !== null;
    this.#known.delete(credential);
    if (!hasRested) return;
    for (const member of this.#sharing(credential)) {
      changed(member);
      if (member.health.state === 'ejected') probe(member).catch(() => {});
    }
  }

  async #tryAgain(credential: string): Promise<void> {
    const { clock, random, probe } = this.#options;
    const sharing = this.#sharing(credential);
    const member = sharing[Math.floor(random() * sharing.length)];
    if (member !== undefined) await probe(member);
    const untilMs = this.#known.get(credential)?.restUntilMs ?? null;
    // Another fault than a refusal says nothing against the credential.
    if (untilMs !== null && untilMs <= clock.monotonic()) this.#trust(credential);
  }

  #sharing(credential: string): Member[] {
    return [...this.#options.members()].filter(({ from }) => from.credential === credential);
  }
}
