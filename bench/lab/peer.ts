import { type Dispatcher, Pool, ProxyAgent } from 'undici';

/** Where a peer reads, and how it gets there: through the CONNECT proxy, or straight where there is none. */
export const [origin = '', proxy] = process.argv.slice(2);
export const upstream = `${origin}/2.0`;

export function dispatcherTo(): Dispatcher {
  return proxy === undefined
    ? new Pool(origin, { allowH2: false })
    : new ProxyAgent({ uri: proxy, allowH2: false, requestTls: { ALPNProtocols: ['http/1.1'] } });
}
