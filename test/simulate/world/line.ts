import { Duplex } from 'node:stream';
import type { Machine } from './machine.ts';
import type { Time } from './time.ts';

/** What stands at the far end of a connection. */
export interface FarEnd {
  receive(bytes: Buffer): void;
  /** The near end has closed. */
  closed(): void;
}

/** The far end's hand on a connection. */
export interface Line {
  send(bytes: Buffer): void;
  /** Closes it: after what was sent, or, with an error, as a reset does. */
  end(error?: Error): void;
}

export interface LineOptions {
  readonly time: Time;
  /** Whose loop reads the near end. */
  readonly machine: Machine;
  /** How long bytes travel one way, ms. */
  readonly latencyMs: () => number;
  /** Who answers; null: nobody listens there. */
  readonly accept: ((line: Line) => FarEnd) | null;
}

/** A connection as a client holds it: bytes travel for a while, in their order, and arrive when its loop listens. */
export function createLine({ time, machine, latencyMs, accept }: LineOptions): Duplex {
  let far: FarEnd | null = null;
  let thereAtMs = 0;
  let hereAtMs = 0;
  const toFar = (work: () => void) => {
    thereAtMs = Math.max(thereAtMs, time.now() + latencyMs());
    time.after(thereAtMs - time.now(), work);
  };
  const toHere = (work: () => void) => {
    hereAtMs = Math.max(hereAtMs, time.now() + latencyMs());
    time.after(hereAtMs - time.now(), () => machine.deliver(() => socket.destroyed || work()));
  };
  const socket = Object.assign(
    new Duplex({
      allowHalfOpen: false,
      read() {},
      write(chunk: Buffer, _encoding, done) {
        const bytes = Buffer.from(chunk);
        toFar(() => far?.receive(bytes));
        done();
      },
      final(done) {
        toFar(() => far?.closed());
        toHere(() => socket.destroy());
        done();
      },
      destroy(error, done) {
        toFar(() => far?.closed());
        done(error);
      },
    }),
    {
      connecting: true,
      setKeepAlive: () => socket,
      setNoDelay: () => socket,
      setTimeout: () => socket,
      ref: () => socket,
      unref: () => socket,
    },
  );
  const kernel = machine.onKill(() => socket.destroy());
  socket.once('close', kernel.off);
  if (machine.isDead) socket.destroy();
  toFar(() => {
    if (socket.destroyed) return;
    if (accept === null) {
      toHere(() =>
        socket.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
      );
      return;
    }
    far = accept({
      send: (bytes) => toHere(() => void socket.push(bytes)),
      end: (error) => toHere(() => (error === undefined ? socket.push(null) : socket.destroy(error))),
    });
    toHere(() => {
      socket.connecting = false;
      socket.emit('connect');
    });
  });
  return socket;
}
