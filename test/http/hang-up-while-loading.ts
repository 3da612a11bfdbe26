import { registerHooks } from 'node:module';

/**
 * Loaded before the program (`--import`): hangs up on it whenever it loads a module that is not its first, and from
 * then on every 5 ms.
 */
const hangUp = () => process.kill(process.pid, 'SIGHUP');
let isOn = false;

registerHooks({
  load: (url, context, next) => {
    if (!url.endsWith('/src/main.ts')) {
      hangUp();
      if (!isOn) setInterval(hangUp, 5).unref();
      isOn = true;
    }
    return next(url, context);
  },
});
