import type { Clock } from '../../domain/clock.ts';
import type { Source } from '../sources/source.ts';
import { retiredFrom } from './health.ts';
import { Member, type MemberOptions } from './member.ts';
import type { ExitState } from './port.ts';
import { stateOf } from './state.ts';
import { Usable } from './usable.ts';
import { restingWakeMs, usableWakeMs, Wakes } from './wakes.ts';

export interface RosterOptions extends MemberOptions {
  /** Exits made of each source that makes many. */
  readonly sessions: number;
  readonly clock: Clock;
  /** Until when the member's credential rests, ms; null when it does not. */
  readonly restUntilMs: (member: Member) => number | null;
  /** Its moment has come: a probe, where it waits for one. */
  readonly due: (member: Member) => void;
  /** It is about to retire. */
  readonly retiring: (member: Member) => void;
  /** Told once per change. */
  readonly changed: (member: Member, state: ExitState['state'] | 'retired') => void;
}

/** What a change of the list did. */
export interface Replaced {
  readonly added: readonly Member[];
  /** Known exits that have another password now. */
  readonly renewed: readonly Member[];
}

/**
 * Which exits exist, and which of them may be chosen now. Nothing here walks over all exits while calls are made:
 * each exit says when time alone will change something about it, and is looked at then.
 */
export class Roster {
  readonly #options: RosterOptions;
  readonly #byId = new Map<string, Member>();
  /** By source, in the order of the list. */
  #bySource = new Map<string, Set<Member>>();
  readonly #usable = new Usable();
  readonly #wakes = new Wakes();
  /** Retired, with calls under way. */
  readonly #leaving = new Set<Member>();
  #stoppedLabels: ReadonlySet<string> = new Set();
  #whole = 0;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Those that may be chosen now, after `tick`. */
  get usable(): readonly Member[] {
    return this.#usable.members;
  }

  /** Calls left of the hour over all of them. A spent session is followed by a fresh one, so that it counts whole. */
  get left(): number {
    return this.#usable.left;
  }

  /** Calls of a whole hour over all exits. */
  get whole(): number {
    return this.#whole;
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): Member | undefined {
    return this.#byId.get(id);
  }

  /** In the order of the list. */
  *members(): Generator<Member> {
    for (const group of this.#bySource.values()) yield* group;
  }

  /** Another list. Known exits stay, under the new entry; those of entries that are gone are retired. */
  replace(sources: readonly Source[], nowMs: number): Replaced {
    const before = this.#bySource;
    this.#bySource = new Map();
    const added: Member[] = [];
    const renewed: Member[] = [];
    for (const source of sources) {
      const known = before.get(source.id) ?? new Set();
      before.delete(source.id);
      this.#bySource.set(source.id, known);
      for (const member of known) if (this.#renew(member, source, nowMs)) renewed.push(member);
      while (known.size < (source.many ? this.#options.sessions : 1)) added.push(this.#add(source, nowMs));
    }
    for (const group of before.values()) for (const member of group) this.retire(member, nowMs);
    return { added, renewed };
  }

  /** From now on these sources, by their labels, and no others are stopped: their exits are not chosen. */
  stop(sources: ReadonlySet<string>, nowMs: number): void {
    this.#stoppedLabels = sources;
    const changed = [...this.members()].filter((each) => each.isStopped !== sources.has(each.source));
    for (const member of changed) this.#lookAt(member, nowMs);
  }

  /** Looks at those whose time has come. */
  tick(nowMs: number): void {
    for (let member = this.#wakes.take(nowMs); member; member = this.#wakes.take(nowMs))
      this.#lookAt(member, nowMs);
  }

  /** Something about it changed: budget, health or credential. */
  refresh(member: Member, nowMs: number): void {
    if (member.health.state === 'retired') return;
    const left = member.left(nowMs);
    const { many } = member.from;
    if (many && (left === 0 || nowMs >= member.endsAtMs)) {
      this.#succeed(member, nowMs);
      return;
    }
    const restUntilMs = this.#options.restUntilMs(member);
    member.isStopped = this.#stoppedLabels.has(member.source);
    if (!member.isStopped && left > 0 && member.health.state === 'healthy' && restUntilMs === null) {
      this.#usable.put(member, many ? member.budget.limit : left);
      this.#wakes.set(member, usableWakeMs(member, nowMs));
    } else {
      this.#usable.take(member);
      this.#wakes.set(member, restingWakeMs(member, restUntilMs, nowMs));
    }
    this.#tell(member, stateOf(member, left, restUntilMs));
  }

  /** No new call leaves through it; its tunnels end with its last call. */
  retire(member: Member, nowMs: number): void {
    if (member.health.state === 'retired') return;
    this.#options.retiring(member);
    member.health = retiredFrom(member.health);
    this.#wakes.set(member, Number.POSITIVE_INFINITY);
    this.#usable.take(member);
    this.#byId.delete(member.id);
    this.#bySource.get(member.from.id)?.delete(member);
    this.#whole -= member.budget.limit;
    this.#tell(member, 'retired');
    this.#leaving.add(member);
    this.settled(member, nowMs);
  }

  /** A call through it has ended. */
  settled(member: Member, nowMs: number): void {
    this.refresh(member, nowMs);
    if (member.health.state !== 'retired' || member.inFlight > 0 || !this.#leaving.delete(member)) return;
    member.close('when idle').catch(() => {});
  }

  /** While none is usable: how long until one is, by what is known now; Infinity when only a hand can help. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#wakes.nextMs() - nowMs);
  }

  /** Ends every tunnel; calls under way fail. */
  async close(): Promise<void> {
    await Promise.all([...this.members(), ...this.#leaving].map((member) => member.close('at once')));
  }

  /** Whether its password is another one now. */
  #renew(member: Member, source: Source, nowMs: number): boolean {
    const { credential } = member.from;
    this.#whole -= member.budget.limit;
    member.from = source;
    this.#whole += member.budget.limit;
    this.refresh(member, nowMs);
    return source.credential !== credential;
  }

  #lookAt(member: Member, nowMs: number): void {
    this.refresh(member, nowMs);
    if (member.health.probeAtMs <= nowMs) this.#options.due(member);
  }

  #add(source: Source, nowMs: number): Member {
    const member = new Member(source, this.#options, nowMs, (ended) =>
      this.#succeed(ended, this.#options.clock.monotonic()),
    );
    this.#byId.set(member.id, member);
    this.#bySource.get(source.id)?.add(member);
    this.#whole += member.budget.limit;
    this.refresh(member, nowMs);
    return member;
  }

  /** A session that is spent, old or cut makes room for another with a budget of its own. */
  #succeed(member: Member, nowMs: number): void {
    if (member.health.state === 'retired') return;
    this.retire(member, nowMs);
    if (this.#bySource.has(member.from.id)) this.#add(member.from, nowMs);
  }

  #tell(member: Member, state: ExitState['state'] | 'retired'): void {
    if (state === member.told) return;
    member.told = state;
    this.#options.changed(member, state);
  }
}
