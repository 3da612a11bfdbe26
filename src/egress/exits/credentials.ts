/** A credential is at fault when so many exits that share it were refused in a row. */
const REFUSALS = 3;
const REST_MS = 60_000;

/** What is known of one credential: who was refused with it since it last worked, and until when it rests. */
export interface CredentialHealth {
  readonly refused: ReadonlySet<string>;
  /** ms of the pool's clock; null while it is in use. */
  readonly restUntilMs: number | null;
}

export const TRUSTED: CredentialHealth = { refused: new Set(), restUntilMs: null };

/** The proxy refused the credential of the exit `id`; also when a probe at the end of a rest met the same. */
export function refused(credential: CredentialHealth, id: string, nowMs: number): CredentialHealth {
  const all = new Set(credential.refused).add(id);
  const isResting = credential.restUntilMs !== null && nowMs < credential.restUntilMs;
  const rests = all.size >= REFUSALS && !isResting;
  return { refused: all, restUntilMs: rests ? nowMs + REST_MS : credential.restUntilMs };
}
