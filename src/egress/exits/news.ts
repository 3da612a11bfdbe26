import type { Log } from '../../domain/log.ts';
import type { ExitChanged, Telemetry } from '../../domain/telemetry.ts';
import type { Member } from './member.ts';

const REFUSED = 'the proxy refuses these credentials: check user, password and balance';
const WORDS = {
  healthy: 'the exit is back in service',
  ejected: 'the exit left service',
  set_aside: 'the exit is set aside',
  spent: 'the exit has no calls left',
  retired: 'the exit ended',
} as const;
const LEVELS = {
  healthy: 'info',
  ejected: 'warn',
  set_aside: 'warn',
  spent: 'debug',
  retired: 'debug',
} as const;

/** Tells telemetry and the log of every change, once. */
export function createNews(telemetry: Telemetry, log: Log) {
  return {
    changed: (
      member: Member,
      state: ExitChanged['state'],
      reason: string | null,
      isShared: boolean,
    ): void => {
      const fields = { exit: member.label, source: member.source, reason };
      telemetry.exitChanged({ exit: member.label, source: member.source, state, reason });
      // All that share a credential leave service with it, which is told once.
      if (isShared) log.debug(fields, WORDS[state]);
      else if (state === 'ejected' && member.isRefused && !member.from.many) log.error(fields, REFUSED);
      else log[LEVELS[state]](fields, WORDS[state]);
    },
    credentialRests: (member: Member): void => log.error({ exit: member.source }, REFUSED),
    storeFailed: (error: unknown): void =>
      log.warn({ cause: String(error) }, 'the budget of an exit could not be kept'),
  };
}
