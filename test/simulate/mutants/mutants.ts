/** A bug that the simulation has to find. */
export interface Mutant {
  readonly name: string;
  /** Under `src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly plant: string;
  /** The store that it takes to meet it; runs over the other one are left out. */
  readonly store?: 'redis' | 'sqlite';
}

/** Bugs that this gateway had, could have had, or that its reviews spoke of: one line each says what breaks. */
export const MUTANTS: readonly Mutant[] = [
  // The second and the month.
  {
    name: 'the own second is half a second',
    file: 'limits/window.ts',
    find: '(times[window.head] ?? 0) < nowMs - WINDOW_MS) window.head',
    plant: '(times[window.head] ?? 0) < nowMs - WINDOW_MS / 2) window.head',
  },
  {
    name: 'the second is each gateway’s alone',
    store: 'redis',
    file: 'limits/fleet-redis.ts',
    find: 'math.min(calls, rate - count,',
    plant: 'math.min(calls, rate,',
  },
  {
    name: 'a place refused by the fleet is never free again',
    store: 'redis',
    file: 'limits/own-second.ts',
    find: 'free: (slot) => free(windowOf(slot.accountId), placeOf(slot)),',
    plant: 'free: () => {},',
  },
  {
    name: 'the fleet’s month has no end',
    store: 'redis',
    file: 'limits/fleet-redis.ts',
    find: 'tonumber(ARGV[9]) - used))',
    plant: 'tonumber(ARGV[9])))',
  },
  {
    name: 'the file’s month has no end',
    store: 'sqlite',
    file: 'limits/meter-sqlite.ts',
    find: 'const granted = take(lease, callsPerMonth);',
    plant: 'take(lease, callsPerMonth); const granted = true;',
  },
  {
    name: 'the quota is one call too large',
    store: 'redis',
    file: 'limits/fleet-redis.ts',
    find: 'tonumber(ARGV[9]) - used))',
    plant: 'tonumber(ARGV[9]) + 1 - used))',
  },
  // What a call costs.
  {
    name: 'nothing is given back',
    file: 'way.ts',
    find: 'if (given) rooms.meter.refund(charge);',
    plant: '',
  },
  {
    name: 'Bitbucket’s refusals are given back',
    file: 'way.ts',
    find: '!outcome.failure.charged && ',
    plant: '',
  },
  {
    name: 'what was given back is not in x-quota-remaining',
    file: 'way.ts',
    find: 'given ? withOneMore(reading) : reading',
    plant: 'reading',
  },
  {
    name: 'what came too late counts as served',
    store: 'redis',
    file: 'limits/counts.ts',
    find: 'const granted = late ? 0 : heard.granted;',
    plant: 'const granted = heard.granted;',
  },
  {
    name: 'the store never hears what was given back',
    store: 'redis',
    file: 'limits/counts.ts',
    find: 'counts.spent !== counts.heardSpent || counts.refunded !== counts.heardRefunded;',
    plant: 'false;',
  },
  {
    name: 'leases are not handed back at a stop',
    store: 'sqlite',
    file: 'limits/meter-sqlite.ts',
    find: 'leases.close();',
    plant: '',
  },
  {
    name: 'what came back stays leased',
    store: 'sqlite',
    file: 'limits/lease.ts',
    find: 'Math.max(0, unused - block)',
    plant: '0',
  },
  {
    name: 'what was granted to refused callers stays used',
    store: 'redis',
    file: 'limits/counts.ts',
    find: 'counts.refunded += unknown;',
    plant: '',
  },
  {
    name: 'what an hour ago could not be folded comes back',
    store: 'redis',
    file: 'limits/months.ts',
    find: 'if (known === undefined) lives += 1;',
    plant: '',
  },
  // While the store is away.
  {
    name: 'the grant has no bound',
    store: 'redis',
    file: 'limits/counts.ts',
    find: 'if (counts.debt >= grant) return false;',
    plant: '',
  },
  {
    name: 'an outage tells good keys that they are unknown',
    store: 'redis',
    file: 'keys/key-store-cached.ts',
    find: 'throw unavailable(cause);',
    plant: 'return null;',
  },
  {
    name: 'a stopped loop is a store that is away',
    store: 'redis',
    file: 'store/health.ts',
    find: 'Math.min(MAX_TICK_MS, clock.monotonic() - this.#tickedAtMs)',
    plant: '(clock.monotonic() - this.#tickedAtMs)',
  },
  // Keys.
  {
    name: 'keys are remembered for minutes',
    file: 'keys/key-cache.ts',
    find: 'FRESH_MS = 500;',
    plant: 'FRESH_MS = 500_000;',
  },
  {
    name: 'revoked keys stay good',
    file: 'keys/key-store.ts',
    find: 'endsAtMs === null || nowMs < endsAtMs;',
    plant: 'true || nowMs < Number(endsAtMs);',
  },
  {
    name: 'a revocation waits for the gateway’s calendar',
    store: 'redis',
    file: 'keys/key-store-redis.ts',
    find: '!revoked && ',
    plant: '',
  },
  {
    name: 'a revocation waits for the file’s calendar',
    store: 'sqlite',
    file: 'keys/key-store-sqlite.ts',
    find: ' AND NOT keys.revoked',
    plant: '',
  },
  {
    name: 'suspended accounts are served',
    file: 'way.ts',
    find: 'if (refusal !== null) throw refusal;',
    plant: '',
  },
  {
    name: 'a refused key is told in the answer',
    file: 'keys/authenticate.ts',
    find: 'FAILURES.key_invalid.example}',
    plant: 'FAILURES.key_invalid.example + key}',
  },
  // Exits.
  {
    name: 'calls under way are not in the budget',
    file: 'egress/exits/budget.ts',
    find: 'budget.limit - budget.held - budget.counted.total(nowMs)',
    plant: 'budget.limit - budget.counted.total(nowMs)',
  },
  {
    name: 'every call is given back to its exit',
    file: 'egress/exits/reservation.ts',
    find: 'if (counts) call.count(nowMs);',
    plant: 'if (Number.isNaN(nowMs)) call.count(nowMs);',
  },
  {
    name: 'an ended lease was never used',
    store: 'redis',
    file: 'egress/exits/budget-store-redis.ts',
    find: 'local used = math.min(tonumber(ARGV[i + 1]), countOf(ARGV[i]))',
    plant: 'local used = 0',
  },
  {
    name: 'the ceiling is not taken from',
    file: 'egress/exits/reserve.ts',
    find: 'purses: ceiling === null ? [member] : [member, ceiling],',
    plant: 'purses: [member],',
  },
  {
    name: 'calls are divided while there are plenty',
    file: 'egress/exits/fair-share.ts',
    find: 'left < whole * SCARCE;',
    plant: 'left <= whole;',
  },
  {
    name: 'a dead exit is tried again only when somebody calls',
    file: 'egress/exits/keeper.ts',
    find: 'clock.after(probeAtMs - nowMs, () => this.probeDue(member));',
    plant: '{}',
  },
  {
    name: 'Retry-After of 999999999 is believed',
    file: 'egress/exits/said.ts',
    find: 'Math.min(BUDGET_WINDOW_MS, Math.max(SHORTEST_REST_MS, ms))',
    plant: 'ms',
  },
  // Attempts.
  {
    name: 'an attempt outlives its call’s deadline',
    file: 'egress/attempts/attempt.ts',
    find: 'this.#cancel = options.clock.after(leftMs, () => this.#onDeadline());',
    plant: 'this.#cancel = options.clock.after(leftMs * 3, () => this.#onDeadline());',
  },
  {
    name: 'an attempt has a tenth of its time',
    file: 'egress/attempts/attempt.ts',
    find: 'this.#cancel = options.clock.after(leftMs, () => this.#onDeadline());',
    plant: 'this.#cancel = options.clock.after(leftMs / 10, () => this.#onDeadline());',
  },
  {
    name: 'redirects to other hosts are followed',
    file: 'egress/attempts/redirect.ts',
    find: 'url.host === API_HOST ? API_ROOT : null',
    plant: 'API_ROOT',
  },
  {
    name: 'an ended attempt is sent all the same',
    file: 'egress/attempts/attempt.ts',
    find: "if (this.#state === 'running') this.#controller = controller;",
    plant: "if (this.#state !== ('' as string)) this.#controller = controller;",
  },
  {
    name: 'half an answer is an answer',
    file: 'egress/attempts/verdict.ts',
    find: 'return value === null ? broken(head, NOT_WHOLE) : named',
    plant: 'return named',
  },
  {
    name: 'the edge’s 403 is Bitbucket’s word',
    file: 'egress/attempts/verdict.ts',
    find: 'status < 300 || status === 403 || status >= 500',
    plant: 'status < 300 || status >= 500',
  },
  // The house.
  {
    name: 'places are never left',
    file: 'admission.ts',
    find: 'underWay -= 1;',
    plant: '',
  },
  {
    name: 'the memory of answers is not given back',
    file: 'way/trail.ts',
    find: 'room?.release();',
    plant: '',
  },
  {
    name: 'SIGTERM waits for nobody',
    file: 'drain.ts',
    find: 'const quiet = answers.quiet().then(',
    plant: 'const quiet = Promise.resolve().then(',
  },
];
