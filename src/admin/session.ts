import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How long a login is good for. */
export const SESSION_MS = 8 * 3_600_000;

/** Whether both are the same, in a time that tells nothing about where they differ. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

/**
 * A login as a cookie holds it: the moment it ends and a signature made with the door's token, so that it ends with
 * the token too and nothing is kept here.
 */
export function createLogin(token: string, nowMs: number): string {
  const endsAtMs = String(nowMs + SESSION_MS);
  return `${endsAtMs}.${signatureOf(token, endsAtMs)}`;
}

/** Whether `session` was made with this token and has not ended. */
export function isSession(token: string, session: string, nowMs: number): boolean {
  const [, endsAtMs, signature] = /^(\d{1,15})\.([\w-]{43})$/.exec(session) ?? [];
  if (endsAtMs === undefined || signature === undefined) return false;
  return sameSecret(signature, signatureOf(token, endsAtMs)) && nowMs < Number(endsAtMs);
}

const signatureOf = (token: string, endsAtMs: string) =>
  createHmac('sha256', token).update(`session of the operator's door until ${endsAtMs}`).digest('base64url');
