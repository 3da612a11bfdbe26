import type { Clock } from '../../domain/clock.ts';
import { correct, markSpent } from './budget.ts';
import type { HealthKeeper } from './keeper.ts';
import type { Member } from './member.ts';
import type { AttemptEnd } from './port.ts';
import type { Roster } from './roster.ts';
import { remainingSaid, restSaid } from './said.ts';

export interface LessonsOptions {
  readonly clock: Clock;
  readonly roster: Pick<Roster, 'settled'>;
  readonly keeper: Pick<HealthKeeper, 'note' | 'noteFault' | 'noteTrusted'>;
  /** A 429 spent the member. */
  readonly spent: (member: Member, forMs: number) => void;
}

/** What the end of an attempt teaches about its exit: budget by status and headers, health by the kind of end. */
export function createLessons({ clock, roster, keeper, spent }: LessonsOptions) {
  const learnBudget = (member: Member, headers: Readonly<Record<string, string>>) => {
    const said = remainingSaid(headers, clock.now());
    if (said !== null) correct(member.budget, said.calls, said.resetMs, clock.monotonic());
  };

  const learn = (member: Member, end: AttemptEnd, takenAtMs: number): void => {
    switch (end.kind) {
      case 'answered':
        if (end.status === 429) {
          const restMs = restSaid(end.headers, clock.now());
          markSpent(member.budget, restMs, clock.monotonic());
          spent(member, restMs);
        }
        learnBudget(member, end.headers);
        // What fails is quick to say so: only answers tell how quick an exit is.
        if (end.status < 500 && end.status !== 429 && end.status !== 408) member.noteLatency(end.latencyMs);
        keeper.noteTrusted(member);
        keeper.note(member, { kind: 'answered' });
        break;
      case 'blocked':
        learnBudget(member, end.headers);
        keeper.noteTrusted(member);
        keeper.note(member, { kind: 'blocked' });
        break;
      case 'fault':
        // An exit that was silent is slow, whoever's fault that is.
        if (end.sent) member.noteLatency(clock.monotonic() - takenAtMs);
        keeper.noteFault(member, end.fault, {
          kind: 'fault',
          isProof: !end.sent && end.fault.verdict !== 'timeout',
          words: end.fault.words,
        });
        break;
      case 'abandoned':
        break;
    }
  };

  return (member: Member, end: AttemptEnd, takenAtMs: number): void => {
    learn(member, end, takenAtMs);
    roster.settled(member, clock.monotonic());
  };
}
