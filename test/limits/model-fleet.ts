import type { Clock } from '../../src/domain/clock.ts';
import type { Told } from '../../src/limits/counts.ts';
import type { Fleet, StepAnswer, StepAsk } from '../../src/limits/fleet.ts';
import { periodOf } from '../../src/limits/period.ts';
import type { VirtualClock } from '../virtual-clock.ts';

const AWAY_AFTER_MS = 50;
const PROBE_EVERY_MS = 100;
const LATENCY_MS = 2;

type OwnMonth = Pick<StepAsk, 'accountId' | 'period' | 'life'>;

interface Own {
  spent: number;
  refunded: number;
}

interface Kept {
  /** By account: when calls were granted, by the server's clock. */
  readonly seconds: Map<string, number[]>;
  /** By account and month: what all have used, and each gateway's own. */
  readonly months: Map<string, { used: number; readonly own: Map<string, Own> }>;
}

/** A Redis as the step's script makes it, in this process: it can hang, lose connections, fail over, set its clock. */
export interface ModelServer {
  /** Every grant with its moment in time that never goes back. */
  readonly grants: { readonly accountId: string; readonly atMs: number }[];
  hang(): void;
  resume(): void;
  /** Cuts every connection; what was under way may still have run. */
  cut(): void;
  /** What is kept now is what a failover will come back to. */
  replicate(): void;
  /** The replica takes over; what came since is forgotten. How many calls that were. */
  failOver(): number;
  setBack(ms: number): void;
  used(accountId: string): number;
  connect(gatewayId: string): Fleet;
}

export function createModelServer(clock: VirtualClock): ModelServer {
  let kept: Kept = { seconds: new Map(), months: new Map() };
  let replica = structuredClone(kept);
  let behindMs = 0;
  let isHung = false;
  let connection = 0;
  const grants: { accountId: string; atMs: number }[] = [];
  const waiting: (() => void)[] = [];
  const cuts: (() => void)[] = [];
  const serverMs = () => clock.now() - behindMs;

  const monthOf = (accountId: string, period: string) => {
    const name = `${accountId} ${period}`;
    const month = kept.months.get(name) ?? { used: 0, own: new Map<string, Own>() };
    kept.months.set(name, month);
    return month;
  };

  const merge = (gatewayId: string, { accountId, period, life }: OwnMonth, told: Told) => {
    const month = monthOf(accountId, period);
    const name = `${gatewayId}:${life}`;
    const own = month.own.get(name) ?? { spent: 0, refunded: 0 };
    const spent = Math.max(own.spent, told.spent);
    const refunded = Math.max(own.refunded, told.refunded);
    month.used += spent - own.spent - (refunded - own.refunded);
    month.own.set(name, { spent, refunded });
    return { month, own: month.own.get(name) as Own };
  };

  const run = (gatewayId: string, ask: StepAsk, deadlineMs: number): StepAnswer | number => {
    const { accountId, period, limits, calls } = ask;
    const now = serverMs();
    if (now > deadlineMs || (calls > 0 && periodOf(now) !== period)) return now;
    const { month, own } = merge(gatewayId, ask, ask.told);
    const second = (kept.seconds.get(accountId) ?? [])
      .map((at) => Math.min(at, now))
      .filter((at) => at >= now - 1_000);
    const inSecond = second.length;
    const free = Math.min(calls, limits.callsPerSecond - inSecond, limits.callsPerMonth - month.used);
    const granted = Math.max(0, free);
    for (let i = 0; i < granted; i += 1) {
      second.push(now);
      grants.push({ accountId, atMs: clock.monotonic() });
    }
    kept.seconds.set(accountId, second);
    own.spent += granted;
    month.used += granted;
    return { atMs: now, ...own, used: month.used, granted, inSecond, waitMs: 1, resetMs: 1_000 };
  };

  /** Runs when the server gets to it; null when the connection was cut before the answer was back. */
  const send = <Result>(work: () => Result): Promise<Result | null> =>
    new Promise((resolve) => {
      const sentOn = connection;
      const serve = () => {
        const result = work();
        clock.after(LATENCY_MS / 2, () => resolve(sentOn === connection ? result : null));
      };
      clock.after(LATENCY_MS / 2, () => {
        if (isHung) waiting.push(serve);
        else serve();
      });
    });

  const usedIn = (from: Kept) => [...from.months.values()].reduce((sum, { used }) => sum + used, 0);

  return {
    grants,
    hang: () => {
      isHung = true;
    },
    resume: () => {
      isHung = false;
      for (const serve of waiting.splice(0)) serve();
    },
    cut: () => {
      connection += 1;
      for (const tell of cuts) tell();
    },
    replicate: () => {
      replica = structuredClone(kept);
    },
    failOver: () => {
      const forgotten = usedIn(kept) - usedIn(replica);
      kept = structuredClone(replica);
      waiting.length = 0;
      isHung = false;
      connection += 1;
      for (const tell of cuts) tell();
      return Math.abs(forgotten);
    },
    setBack: (ms) => {
      behindMs += ms;
    },
    used: (accountId) =>
      [...kept.months]
        .filter(([name]) => name.startsWith(`${accountId} `))
        .reduce((sum, [, { used }]) => sum + used, 0),
    connect: (gatewayId) => connectTo({ clock, send, run, merge, serverMs, cuts }, gatewayId),
  };
}

interface Wire {
  readonly clock: Clock;
  send<Result>(work: () => Result): Promise<Result | null>;
  run(gatewayId: string, ask: StepAsk, deadlineMs: number): StepAnswer | number;
  merge(gatewayId: string, month: OwnMonth, told: Told): unknown;
  serverMs(): number;
  readonly cuts: (() => void)[];
}

/** The fleet's port with the promises of `store/redis-link.ts` and `limits/fleet-redis.ts`. */
function connectTo({ clock, send, run, merge, serverMs, cuts }: Wire, gatewayId: string): Fleet {
  let offsetMs: number | null = null;
  let away = false;
  const listeners: ((wasLost: boolean) => void)[] = [];
  const giveUp = new Set<() => void>();

  const goAway = () => {
    if (away) return;
    away = true;
    for (const give of giveUp) give();
    giveUp.clear();
    probe();
  };
  const probe = () => {
    clock.after(PROBE_EVERY_MS, () => {
      if (!away) return;
      let isOver = false;
      const next = () => {
        if (!isOver) probe();
        isOver = true;
      };
      clock.after(1_000, next);
      void send(serverMs).then((now) => {
        if (now === null || isOver) return next();
        isOver = true;
        if (!away) return;
        offsetMs = now - clock.monotonic();
        away = false;
        for (const listener of listeners) listener(true);
      });
    });
  };
  cuts.push(goAway);

  const within = <Result>(work: Promise<Result | null>): Promise<Result> =>
    new Promise((resolve, reject) => {
      const give = () => reject(new Error('away'));
      giveUp.add(give);
      clock.after(AWAY_AFTER_MS, () => {
        if (giveUp.has(give)) goAway();
      });
      void work.then((result) => {
        if (!giveUp.delete(give) || result === null) return;
        resolve(result);
      });
    });

  const once = async (
    attempt: number,
    build: () => StepAsk,
    late: (ask: StepAsk, answer: StepAnswer) => void,
  ): Promise<StepAnswer | null> => {
    await Promise.resolve();
    if (away) throw new Error('away');
    const ask = build();
    const writtenAtMs = clock.monotonic();
    const deadlineMs = offsetMs === null ? 0 : writtenAtMs + offsetMs + AWAY_AFTER_MS * attempt;
    let isOver = false;
    const answer = send(() => run(gatewayId, ask, deadlineMs)).then((result) => {
      if (result === null) return null;
      const now = typeof result === 'number' ? result : result.atMs;
      offsetMs =
        typeof result === 'number' || offsetMs === null
          ? now - writtenAtMs
          : Math.min(now - writtenAtMs, offsetMs + 1);
      if (isOver && typeof result !== 'number') late(ask, result);
      return { result };
    });
    try {
      const { result } = await within(answer);
      return typeof result === 'number' ? null : result;
    } finally {
      isOver = true;
    }
  };

  return {
    step: async (_accountId, build, late) => {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await once(attempt, build, late);
        if (answer !== null) return answer;
      }
    },
    nowMs: () => (offsetMs === null ? clock.now() : clock.monotonic() + offsetMs),
    isAway: () => away,
    note: async () => {},
    fold: async (month, told) => {
      if (away) throw new Error('away');
      await within(send(() => merge(gatewayId, month, told)).then(() => ({})));
    },
    onBack: (listener) => {
      listeners.push(listener);
    },
  };
}
