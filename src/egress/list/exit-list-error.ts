/** A bad list: where it is wrong and why, in words that hold nothing of the entry itself. */
export class ExitListError extends Error {
  override readonly name = 'ExitListError';
  /** The entry's number in a list, the line's in a file, from 1; null when it is about the list as a whole. */
  readonly position: number | null;

  constructor(where: string, position: number | null, reason: string) {
    super(`${where}: ${reason}`);
    this.position = position;
  }
}
