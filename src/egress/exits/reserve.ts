import type { Clock } from '../../domain/clock.ts';
import { restOf } from './budget.ts';
import { chooseOne, drawDistinct } from './choice.ts';
import { exhausted, storeAway } from './exhausted.ts';
import { type FairShare, isScarce } from './fair-share.ts';
import type { BudgetLeases } from './leases.ts';
import type { Member } from './member.ts';
import type { AttemptEnd, Exit, Payer, Reservation } from './port.ts';
import { type NotTaken, type Purse, take } from './reservation.ts';
import type { Roster } from './roster.ts';

export interface ReserveOptions {
  readonly roster: Roster;
  readonly ceiling: Purse | null;
  readonly fairShare: FairShare;
  readonly leases: BudgetLeases;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ended: (member: Member, end: AttemptEnd, takenAtMs: number) => void;
  /** Reads anew what other gateways have spent. */
  readonly lookAgain: () => Promise<void>;
}

/** The store refused so many exits in one call: other gateways have spent more than we know of. */
const REFUSALS_TO_LOOK = 3;
const MAX_REFUSALS = 12;
/** Exits looked at for one that needs no store, while that is away. */
const DRAWS = 16;

/** How one attempt gets its exit: see `Pool.reserve`. */
export class Reserver {
  readonly #options: ReserveOptions;

  constructor(options: ReserveOptions) {
    this.#options = options;
  }

  async reserve(payer: Payer, avoid: readonly Exit[]): Promise<Reservation> {
    for (let refusals = 0; refusals < MAX_REFUSALS; ) {
      const nowMs = this.#options.clock.monotonic();
      const taken = await this.#take(payer, this.#choose(avoid, nowMs), nowMs);
      if ('settle' in taken) return taken;
      if (taken.by === 'store') return this.#reserveWithoutStore(payer, avoid, taken.cause);
      if (taken.by === this.#options.ceiling) throw exhausted('ceiling', taken.growsInMs);
      refusals += 1;
      if (refusals === REFUSALS_TO_LOOK) await this.#options.lookAgain().catch(() => {});
    }
    throw exhausted('exits', 0);
  }

  /** Whether an exit outside `avoid` could take a call now. */
  hasOther(avoid: readonly Exit[]): boolean {
    const { roster, clock } = this.#options;
    roster.tick(clock.monotonic());
    let avoided = 0;
    for (const exit of avoid) if ((exit as Member).place >= 0) avoided += 1;
    return roster.usable.length > avoided;
  }

  /** Whether less than a fifth of the hour's calls is left. */
  isScarce(): boolean {
    const { roster, clock } = this.#options;
    roster.tick(clock.monotonic());
    return isScarce(roster.left, roster.whole);
  }

  /** How long until a call may leave, ms; 0 when one may now. */
  restMs(): number {
    return this.#restMs(this.#options.clock.monotonic());
  }

  #restMs(nowMs: number): number {
    const { roster, ceiling } = this.#options;
    roster.tick(nowMs);
    const ceilingMs = ceiling === null ? 0 : restOf(ceiling.budget, nowMs);
    return Math.max(ceilingMs, roster.usable.length > 0 ? 0 : roster.restMs(nowMs));
  }

  /** While the store is away: what is leased from it, and exits that it does not count. */
  async #reserveWithoutStore(payer: Payer, avoid: readonly Exit[], cause: unknown): Promise<Reservation> {
    const { ceiling, leases, clock, random } = this.#options;
    const nowMs = clock.monotonic();
    if (ceiling !== null && !leases.holds(ceiling.id)) throw storeAway(cause);
    const member = chooseOne(this.#freeOfStore(), avoid, (each) => each.left(nowMs), random);
    if (member === undefined) throw storeAway(cause);
    const taken = await this.#take(payer, member, nowMs);
    if ('settle' in taken) return taken;
    throw storeAway(cause);
  }

  #freeOfStore(): Member[] {
    const { roster, leases, random } = this.#options;
    const drawn = drawDistinct(roster.usable.length, DRAWS, random).map((i) => roster.usable[i] as Member);
    const leased = leases.held().map((id) => roster.find(id));
    return [
      ...drawn.filter((member) => !member.kept),
      ...leased.filter((member) => member !== undefined && member.place >= 0),
    ] as Member[];
  }

  #choose(avoid: readonly Exit[], nowMs: number): Member {
    const { roster, ceiling, random } = this.#options;
    const restMs = this.#restMs(nowMs);
    if (ceiling !== null && restOf(ceiling.budget, nowMs) > 0) throw exhausted('ceiling', restMs);
    const member = chooseOne(roster.usable, avoid, (each) => each.left(nowMs), random);
    if (member === undefined) throw exhausted('exits', restMs);
    return member;
  }

  #take(payer: Payer, member: Member, nowMs: number): Promise<Reservation | NotTaken> {
    const { roster, ceiling, fairShare, leases, clock, ended } = this.#options;
    const share = fairShare.take(payer, roster.left, roster.whole, nowMs);
    if ('restMs' in share) throw exhausted('share', share.restMs);
    return take({
      member,
      purses: ceiling === null ? [member] : [member, ceiling],
      share,
      leases,
      takenAtMs: nowMs,
      now: () => clock.monotonic(),
      changed: (each, atMs) => roster.settled(each, atMs),
      ended,
    });
  }
}
