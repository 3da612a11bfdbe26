/**
 * How many calls of an account each gateway serves uncounted while the shared store is away: 0.2 % of the month, one
 * at least and a hundred at most.
 */
export const grantOf = (callsPerMonth: number): number =>
  Math.min(100, Math.max(1, Math.floor(callsPerMonth / 500)));
