import { STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../gateway.ts';
import { answersIn, exchange } from './raw.ts';

let gateway: Gateway;
let port: number;
beforeAll(async () => {
  gateway = await createGateway();
  await gateway.server.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = gateway.server.server.address() as AddressInfo);
});
afterAll(() => gateway.close());

const PATH = '/bitbucket-api/v1/repo?repo=acme/big';
const HIDDEN = `GET ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`;
const get = (...headers: string[]) =>
  `GET ${PATH} HTTP/1.1\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
const post = (headers: readonly string[], body: string) =>
  `POST ${PATH} HTTP/1.1\r\nhost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
const chunked = 'transfer-encoding: chunked';

/** Requests of the smuggling literature (RFC 9112 11.2, CL.TE, TE.CL, TE.TE) and of plain breakage. */
const LIST: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
  'no HTTP at all': ['nonsense\r\n\r\n', 400],
  'TLS where HTTP is spoken': ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
  'a preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  'an unknown version': [`GET ${PATH} HTTP/9.9\r\nhost: x\r\n\r\n`, 400],
  'HTTP/0.9': [`GET ${PATH}\r\n\r\n`, 400],
  'an unknown method': [`BREW ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`, 400],
  'no Host': [get('accept: */*'), 400],
  'two Hosts': [get('host: x', 'host: y'), 400],
  'two Hosts in odd case': [get('Host: x', 'hOST: x'), 400],
  'an unknown Expect': [get('host: x', 'expect: 200-ok'), 400],
  'a blank before the colon': [get('host: x', 'x-oanor-key : k'), 400],
  'a header without a colon': [get('host: x', 'nonsense'), 400],
  'a NUL in a header': [get('host: x', 'x: \u0000'), 400],
  'a bare CR in a header': [get('host: x', 'x: a\rb'), 400],
  'a folded header': [get('host: x', 'x: a', ' transfer-encoding: chunked'), 400],
  'a broken percent-encoding': ['GET /bitbucket-api/v1/%zz HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  'a NUL in the path': ['GET /bitbucket-api/v1/\u0000 HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  'a path that climbs': ['GET /bitbucket-api/v1/../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  'headers of 20 kB': [get('host: x', `x: ${'x'.repeat(20_000)}`), 431],
  'a URL of 20 kB': [`GET ${PATH}${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  CONNECT: ['CONNECT api.bitbucket.org:443 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  TRACE: [`TRACE ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`, 405],
  'two lengths that differ': [post(['content-length: 3', 'content-length: 4'], 'abcd'), 400],
  'a list of lengths': [post(['content-length: 3, 3'], 'abc'), 400],
  'a length that is no number': [post(['content-length: 0x3'], 'abc'), 400],
  'a negative length': [post(['content-length: -1'], 'abc'), 400],
  'CL.TE': [post(['content-length: 4', chunked], `0\r\n\r\n${HIDDEN}`), 400],
  'TE.CL': [post([chunked, 'content-length: 4'], `5c\r\n${HIDDEN}\r\n0\r\n\r\n`), 400],
  'TE.TE': [post([chunked, 'transfer-encoding: x'], `0\r\n\r\n${HIDDEN}`), 400],
  'chunked that is not last': [post(['transfer-encoding: chunked, identity'], `0\r\n\r\n${HIDDEN}`), 400],
  'chunked in disguise': [post(['transfer-encoding: xchunked'], `0\r\n\r\n${HIDDEN}`), 400],
  'a blank before chunked’s colon': [post(['transfer-encoding : chunked'], `0\r\n\r\n${HIDDEN}`), 400],
  'a chunk size that overflows': [post([chunked], `ffffffffffffffffff\r\nabc\r\n0\r\n\r\n`), 400],
  'a chunk size with a sign': [post([chunked], `-1\r\nabc\r\n0\r\n\r\n${HIDDEN}`), 400],
  'a chunk that ends in LF alone': [post([chunked], `3\nabc\n0\n\n${HIDDEN}`), 400],
  'chunked in HTTP/1.0': [`POST ${PATH} HTTP/1.0\r\n${chunked}\r\n\r\n0\r\n\r\n`, 405],
  'a second line feed before the request': [`\r\n\r\n${HIDDEN}`, 401],
  'the whole URL of another host': [
    'GET http://evil.example/bitbucket-api/v1/meta HTTP/1.1\r\nhost: x\r\n\r\n',
    401,
  ],
};

describe('malformed and smuggling requests leave in the envelope, are not split and never reach Bitbucket', () => {
  it.each(Object.entries(LIST))('%s', async (_name, [bytes, status]) => {
    const text = await exchange(port, Buffer.from(bytes, 'latin1'), 2_500);
    const answers = answersIn(text);
    expect(answers.map((answer) => answer.status)[0]).toBe(status);
    expect(text.startsWith(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`)).toBe(true);
    for (const { body } of answers) {
      const envelope = JSON.parse(body);
      expect(Object.keys(envelope)).toEqual(['data', 'meta', 'status', 'message', 'success']);
      expect(envelope).toMatchObject({ data: null, success: false });
    }
    expect(gateway.standIn.requests).toEqual([]);
    // One request, one answer; a second one may only say that what followed was no HTTP.
    expect(
      answers
        .slice(1)
        .map((answer) => answer.status)
        .filter((other) => other !== 400),
    ).toEqual([]);
    expect(answers.length).toBeLessThanOrEqual(2);
  });
});

it('a client that is refused and stays is closed after a second', async () => {
  const started = performance.now();
  const text = await exchange(port, 'nonsense\r\n\r\n', 30_000);
  expect(answersIn(text)).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(10_000);
});
