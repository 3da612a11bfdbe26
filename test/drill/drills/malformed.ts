import { connect } from 'node:net';
import type { Drill } from '../drill.ts';
import { type Answered, load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, type GatewayProcess, startGateway } from '../processes.ts';
import { tallyOf } from '../tally.ts';

/**
 * Requests that are no HTTP, or two at once: the classes of RFC 9112 section 11.2 (request smuggling), of the
 * published CL.TE, TE.CL and TE.TE cases, and of what fuzzers send first.
 */
export const MALFORMED: Readonly<Record<string, string>> = {
  'no http': 'hello\r\n\r\n',
  'http 0.9': 'GET /\r\n\r\n',
  'http 3': 'GET / HTTP/3.0\r\nhost: a\r\n\r\n',
  'lower-case version': 'GET / http/1.1\r\nhost: a\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
  'two hosts': 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
  'space before colon': 'GET / HTTP/1.1\r\nhost : a\r\n\r\n',
  'folded header': 'GET / HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n\r\n',
  'null in header': 'GET / HTTP/1.1\r\nhost: a\r\nx: \u0000\r\n\r\n',
  'bare line feeds': 'GET / HTTP/1.1\nhost: a\n\n',
  'control character in target': 'GET /\u0001 HTTP/1.1\r\nhost: a\r\n\r\n',
  'two lengths': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
  'length and chunks (CL.TE)':
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG',
  'chunks twice (TE.TE)':
    'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: cow\r\n\r\n0\r\n\r\n',
  'chunked spelt oddly': 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n',
  'tab before chunked':
    'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\tchunked\r\ncontent-length: 3\r\n\r\nabc',
  'negative length': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
  'length with plus': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na',
  'length beyond 2^64': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 18446744073709551616\r\n\r\n',
  'bad chunk size': 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n',
  'chunk size overflow':
    'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n',
  'unknown method': 'BREW /bitbucket-api/v1/meta HTTP/1.1\r\nhost: a\r\n\r\n',
  'connect through us': 'CONNECT api.bitbucket.org:443 HTTP/1.1\r\nhost: a\r\n\r\n',
  'absolute target': 'GET http://evil.example/ HTTP/1.1\r\nhost: evil.example\r\n\r\n',
  'upgrade to http 2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'huge header': `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`,
  'unknown expect': 'GET / HTTP/1.1\r\nhost: a\r\nexpect: the-unexpected\r\n\r\n',
  'undecodable target': 'GET /bitbucket-api/v1/%ZZ HTTP/1.1\r\nhost: a\r\n\r\n',
};

export const malformed: Drill = {
  name: 'malformed',
  promise: 'what is no HTTP is answered in the envelope or closed, and nothing of it reaches Bitbucket',
  run: async (ground) => {
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    const remarks: string[] = [];
    for (const [name, bytes] of Object.entries(MALFORMED)) {
      const text = await send(gateway, bytes);
      const remark = faultOf(text);
      if (remark !== null) remarks.push(`${name}: ${remark}`);
    }
    const reached = ground.standIn.requests.length;
    if (reached > 0) remarks.push(`${reached} requests reached Bitbucket`);
    const answers: Answered[] = await load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: 50,
      perSecond: 100,
    });
    const tally = tallyOf({ answers, allowed: [], rssMb: gateway.rssMb(), remarks });
    return {
      ...tally,
      asked: tally.asked + Object.keys(MALFORMED).length,
      lost: tally.lost + remarks.length,
    };
  },
};

/** Everything that comes back until the gateway closes, or a second has passed. */
function send({ port }: GatewayProcess, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    const timer = setTimeout(() => socket.destroy(), 1_500);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

/** What is wrong with an answer; null for one refusal in the envelope, or a closed connection. */
function faultOf(text: string): string | null {
  if (text === '') return null;
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
  if (statuses.length !== 1) return `${statuses.length} answers`;
  const [status = 0] = statuses;
  if (status < 400) return `status ${status}`;
  return /"data":null.*"success":false/s.test(text) ? null : `status ${status} without the envelope`;
}
