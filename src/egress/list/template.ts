/** A user or password in which a session may stand. */
export interface Template {
  /** As written, with its placeholder; two templates with one text are the same. */
  readonly text: string;
  readonly holdsSession: boolean;
  /** Whether the session may hold digits alone. */
  readonly digits: boolean;
  /** The text decoded, each placeholder replaced by `session`. */
  fill(session: string | null): string;
}

const PLACEHOLDER = /\{session(?::digits)?\}/;

/** Placeholders are found before decoding, so that `%7Bsession%7D` is a way to write the word itself. */
export function parseTemplate(text: string): Template {
  const pieces = text.split(PLACEHOLDER).map(decodePercent);
  return {
    text,
    holdsSession: pieces.length > 1,
    digits: text.includes('{session:digits}'),
    fill: (session) => pieces.join(session ?? ''),
  };
}

/** Percent-encoding undone where it is one; any other `%` stands for itself. */
function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
