/**
 * Whether a call's caller has hung up: as much of an `AbortSignal` as the house listens to, which one is as well.
 * `aborted` turns true once, and its listeners are called then.
 */
export interface HangUp {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The line to a caller. Every call has one and hardly any is ever cut, so it is a field and, where somebody listens, a
 * list: a real `AbortController` costs a call more than its metering.
 */
export class Line implements HangUp {
  aborted = false;
  #listeners: (() => void)[] = [];

  /** The caller is gone; a second time changes nothing. */
  cut(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }
}
