/** Anything a terminal or a header could choke on: C0, DEL, C1. */
export const hasControlCharacter = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(text);

/** Whether `text` can be sent as it is: no control character, and no half of a surrogate pair. */
export const isSendable = (text: string): boolean => !hasControlCharacter(text) && text.isWellFormed();

/** Whether a segment would move between folders, as it stands or after whoever is behind us decodes it again. */
export function hasDotSegment(path: string): boolean {
  return [path, decodeOnce(path), decodeOnce(decodeOnce(path))].some((text) =>
    text.split(/[/\\]/).some((segment) => segment === '.' || segment === '..'),
  );
}

/** Percent-decodes what can be; the rest stays. */
export function decodeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/** `text` without the slashes around it; in one pass, however many there are. */
export function withoutSlashes(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === '/') start += 1;
  while (end > start && text[end - 1] === '/') end -= 1;
  return text.slice(start, end);
}
