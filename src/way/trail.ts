import type { Caller } from '../domain/account.ts';
import type { AnswerHold } from '../domain/bytes-in-flight.ts';
import type { Failure } from '../domain/failure.ts';
import type { AttemptEnded } from '../domain/telemetry.ts';
import type { Asked, Ended, Outcome, Permit, Stay } from './call.ts';

/** What was found out about a call, for whatever it ends with. */
export class Trail {
  readonly asked: Asked;
  caller: Caller | null = null;
  permit: Permit | null = null;
  room: AnswerHold | null = null;
  subject: string | null = null;
  upstreamMs = 0;
  readonly attempts: AttemptEnded[] = [];

  constructor(asked: Asked) {
    this.asked = asked;
  }
}

/** Closes the trail. Whoever gets the end tells `stay` when the answer is gone. */
export function endOf(
  trail: Trail,
  outcome: Outcome,
  { charge, reading, atMs }: Pick<Ended, 'charge' | 'reading' | 'atMs'>,
): Ended {
  const { asked, caller, subject, upstreamMs, attempts } = trail;
  const stay = stayOf(trail);
  return { asked, outcome, caller, subject, upstreamMs, attempts, charge, reading, atMs, stay };
}

function stayOf({ room, permit }: Trail): Stay {
  return {
    keep: (bytes) => room?.settle(bytes),
    leave: () => {
      room?.release();
      permit?.leave();
    },
  };
}

/** What of the input an operator may see: `workspace/slug` or the workspace. */
export function subjectOf({ repo, workspace }: Readonly<Record<string, unknown>>): string | null {
  if (typeof workspace === 'string') return workspace;
  const named = repo as { readonly workspace: string; readonly slug: string } | undefined;
  return named === undefined ? null : `${named.workspace}/${named.slug}`;
}

/** The end of what the door itself refused: no gate has spoken, nothing was spent. */
export const refusedAtDoor = (asked: Asked, failure: Failure): Ended =>
  endOf(
    new Trail(asked),
    { ok: false, failure },
    { charge: 'free', reading: null, atMs: asked.receivedAtMs },
  );
