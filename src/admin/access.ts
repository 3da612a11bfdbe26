import type { Clock } from '../domain/clock.ts';
import { DoorFailure } from './failure.ts';
import { createLogin, isSession, sameSecret } from './session.ts';
import { createWrongTokens } from './wrong-tokens.ts';

/** What a request shows at the door. */
export interface Knock {
  /** The token of `Authorization: Bearer`; null without. */
  readonly bearer: string | null;
  /** The login cookie; null without. */
  readonly session: string | null;
  /** Whether it may change something: any method but GET and HEAD. */
  readonly changes: boolean;
  readonly origin: string | null;
  /** The `Host` header, port included. */
  readonly host: string;
  readonly address: string;
}

/** Who is let in. */
export interface Access {
  /** Throws `unauthorized`, `rate_exceeded` or `forbidden`. */
  check(knock: Knock): void;
  /** A login for the right token. Throws as `check` does for a wrong one. */
  login(token: string, address: string): string;
}

/**
 * The token opens the door, whatever came before. Wrong ones are counted by address. A browser that is logged in sends
 * its cookie for whoever asks it to, so a change by cookie must say that it comes from a page of the door itself.
 */
export function createAccess({ token, clock }: { readonly token: string; readonly clock: Clock }): Access {
  const wrongTokens = createWrongTokens(clock);

  const checkToken = (given: string, address: string) => {
    if (sameSecret(given, token)) return;
    const waitMs = wrongTokens.note(address);
    if (waitMs > 0)
      throw new DoorFailure('rate_exceeded', 'Too many wrong tokens from this address. Wait a minute.', {
        retryAfterMs: waitMs,
      });
    throw new DoorFailure('unauthorized', 'This token is not the one in ADMIN_TOKEN.');
  };

  return {
    check: ({ bearer, session, changes, origin, host, address }) => {
      if (bearer !== null) return checkToken(bearer, address);
      if (session === null || !isSession(token, session, clock.now()))
        throw new DoorFailure(
          'unauthorized',
          'Send `Authorization: Bearer <ADMIN_TOKEN>`, or log in at /login.',
        );
      if (changes && !isOriginOf(host, origin))
        throw new DoorFailure('forbidden', 'A change by cookie must come from a page of this door.');
    },
    login: (given, address) => {
      checkToken(given, address);
      return createLogin(token, clock.now());
    },
  };
}

/** Whether a page of `origin` is the door's own: same host, same port. A missing or opaque origin is not. */
export function isOriginOf(host: string, origin: string | null): boolean {
  return host !== '' && (origin === `http://${host}` || origin === `https://${host}`);
}
