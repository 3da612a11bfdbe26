/**
 * The program. Signals are heard before anything else is loaded, since without a listener SIGHUP ends a process: this
 * file imports nothing, and `start.ts` is loaded behind the listeners.
 *
 * SIGHUP reads the exits again and never ends anything; SIGTERM and SIGINT bring the gateway to rest, once: a second
 * one changes nothing, since what is still under way is bounded and unsettled calls would be lost.
 */
let stopping = false;
process.on('SIGHUP', () => {
  if (!stopping) void starting.then((gateway) => gateway.rereadExits());
});
const stop = () => {
  if (stopping) return;
  stopping = true;
  void starting.then((gateway) => gateway.close());
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

const starting = import('./start.ts').then(({ start }) => start());
await starting;
