import { type Clock, repeat } from '../../domain/clock.ts';
import type { Operator } from '../../domain/operator.ts';
import type { Telemetry } from '../../domain/telemetry.ts';
import { createAccountMonths } from './account-months.ts';
import { type BoardState, frameOf, type TrafficTerms } from './frame.ts';
import { createRecordBook } from './record.ts';

/** How often a frame is told, ms; it shows, too, that the line is not dead. */
const FRAME_EVERY_MS = 1_000;
/** So many may look at once. */
export const MAX_LISTENERS = 16;

/** Someone who looks at the dashboard. */
export interface Listener {
  /** Whether there is room for another frame; without it this one is left out, and the next tells more. */
  isReady(): boolean;
  /** Whether it is still let in; asked before each frame. */
  isLetIn(): boolean;
  /** A frame as JSON. */
  tell(frame: string): void;
  /** It is told nothing more. */
  end(): void;
}

/** What the gateway does at this moment, for those who look. */
export interface Dashboard {
  readonly telemetry: Pick<Telemetry, 'callEnded' | 'attemptEnded'>;
  /** Tells a frame at once and then every second. How to leave again; null where too many look. */
  listen(listener: Listener): (() => void) | null;
  /** Ends all who listen. */
  close(): void;
}

export interface DashboardOptions {
  readonly operator: Operator;
  readonly terms: TrafficTerms;
  readonly clock: Clock;
}

export function createDashboard({ operator, terms, clock }: DashboardOptions): Dashboard {
  const record = createRecordBook(clock);
  const accounts = createAccountMonths({ operator, busyAccounts: record.busyAccounts, clock });
  /** The last second that each was told of. */
  const listeners = new Map<Listener, number>();
  let stop = () => {};

  const stateNow = (): BoardState => ({
    nowMs: clock.now(),
    recorded: record.read(),
    exits: operator.exits.list(),
    inside: operator.inside(),
    accounts: accounts.list(),
    costs: operator.costs.month(),
    terms,
  });
  const tell = (listener: Listener, frame: Told) => {
    listeners.set(listener, frame.upTo);
    listener.tell(frame.text);
  };
  const leave = (listener: Listener) => {
    if (listeners.delete(listener) && listeners.size === 0) stop();
  };
  const tellAll = async () => {
    accounts.look();
    const frameBehind = createFrames(stateNow());
    for (const [listener, seen] of listeners) {
      if (!listener.isLetIn()) {
        leave(listener);
        listener.end();
      } else if (listener.isReady()) tell(listener, frameBehind(seen));
    }
  };

  return {
    telemetry: record.telemetry,
    listen: (listener) => {
      if (listeners.size >= MAX_LISTENERS) return null;
      accounts.look();
      const first = createFrames(stateNow())(Number.NEGATIVE_INFINITY);
      if (listeners.size === 0) stop = repeat(clock, FRAME_EVERY_MS, tellAll);
      tell(listener, first);
      return () => leave(listener);
    },
    close: () => {
      for (const listener of [...listeners.keys()]) {
        leave(listener);
        listener.end();
      }
    },
  };
}

interface Told {
  readonly text: string;
  /** The last second that is in it. */
  readonly upTo: number;
}

/** Frames of one moment, each written once, however many are told it. */
function createFrames(state: BoardState): (seen: number) => Told {
  const written = new Map<number, Told>();
  return (seen) => {
    const known = written.get(seen);
    if (known !== undefined) return known;
    const told = { text: JSON.stringify(frameOf(state, seen)), upTo: state.recorded.second - 1 };
    written.set(seen, told);
    return told;
  };
}
