/** What a vendor takes as the name of a session: digits alone, or small letters and digits. */
export interface SessionPattern {
  readonly digits: boolean;
}

const LENGTH = 8;
const DIGITS = '0123456789';
const LETTERS_AND_DIGITS = `abcdefghijklmnopqrstuvwxyz${DIGITS}`;

/** A new session's name: 8 characters, which every vendor we know of takes. `random` gives numbers in [0, 1). */
export function createSession(pattern: SessionPattern, random: () => number): string {
  const alphabet = pattern.digits ? DIGITS : LETTERS_AND_DIGITS;
  let session = '';
  while (session.length < LENGTH) session += alphabet[Math.floor(random() * alphabet.length)];
  return session;
}
