/** How many calls an account may make. */
export interface Limits {
  /** Calls in one calendar month, UTC. */
  readonly callsPerMonth: number;
  /** Calls in any sliding 1,000 ms. */
  readonly callsPerSecond: number;
}

/** The published plans. */
export const PLANS = {
  free: { callsPerMonth: 1_850, callsPerSecond: 2 },
  starter: { callsPerMonth: 51_000, callsPerSecond: 8 },
  pro: { callsPerMonth: 258_000, callsPerSecond: 20 },
  mega: { callsPerMonth: 1_260_000, callsPerSecond: 50 },
} as const satisfies Record<string, Limits>;

export type PlanName = keyof typeof PLANS;

export const PLAN_NAMES = Object.keys(PLANS) as PlanName[];

export const isPlanName = (text: string): text is PlanName => Object.hasOwn(PLANS, text);
