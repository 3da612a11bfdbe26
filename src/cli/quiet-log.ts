import type { Log } from '../domain/log.ts';

/** A command says what it has to say by itself. */
export const quietLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
