import { createConnectProxy } from '../../test/bitbucket/connect-proxy.ts';
import { endWithParent } from './told.ts';

/** A CONNECT proxy in a process of its own. */
const proxy = await createConnectProxy();
process.send?.({ port: proxy.port });
process.on('message', () => process.send?.({ connects: proxy.connects, bytesDown: proxy.bytesDown }));
endWithParent();
