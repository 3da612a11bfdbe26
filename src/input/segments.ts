/** Anything a terminal or a header could choke on: C0, DEL, C1. */
export const hasControlCharacter = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(text);

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

/** Whether `text` is whole Unicode: half a surrogate pair cannot be sent. */
export const isWellFormed = (text: string): boolean => text.isWellFormed();
