import type { Ground } from './processes.ts';
import type { Tally } from './tally.ts';

/** One kind of weather on real processes. */
export interface Drill {
  readonly name: string;
  /** What it shows, in one line. */
  readonly promise: string;
  /** `isShort` for CI: fewer calls, shorter faults. */
  run(ground: Ground, isShort: boolean): Promise<Tally>;
}
