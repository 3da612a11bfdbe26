import { expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { bodyOf } from '../../src/envelope/body.ts';
import { aroundOf, failureEnvelope } from '../../src/envelope/envelope.ts';

const stamp = {
  requestId: '0197f6c0-0000-7000-8000-000000000000',
  atMs: Date.UTC(2026, 5, 15, 12, 34, 56, 789),
};
const meta = { timestamp: '2026-06-15T12:34:56.789Z', request_id: stamp.requestId };
const DOCS = 'https://docs.example/errors#x';

it('data stands between a head and a tail, byte for byte', () => {
  const message = 'It says "yes" \\ \u2028';
  const { head, tail } = aroundOf(stamp, message);
  const text = `${head}{"n": 1.0}${tail}`;
  expect(text.startsWith('{"data":{"n": 1.0},"meta":')).toBe(true);
  expect(JSON.parse(text)).toEqual({ data: { n: 1 }, meta, status: 'ok', message, success: true });
});

it('a failure has the same five keys and no data', () => {
  const envelope = failureEnvelope(new Failure('key_missing', 'There is none.'), stamp, DOCS);
  const said = { status: 'error', message: 'There is none.', success: false };
  expect(JSON.parse(envelope.toString())).toEqual({
    data: null,
    meta: { ...meta, code: 'key_missing', docs: DOCS },
    ...said,
  });
});

it('and says what is wrong with which parameter', () => {
  const details = [{ parameter: 'page', message: 'must be a number' }];
  const envelope = failureEnvelope(new Failure('invalid_request', 'No.', { details }), stamp, DOCS);
  expect(JSON.parse(envelope.toString()).meta).toEqual({
    ...meta,
    code: 'invalid_request',
    docs: DOCS,
    details,
  });
});

it('a text of our own is a body that came as it is', () => {
  const text = Buffer.from('{}');
  const body = bodyOf(text);
  body.forget();
  expect([body.encoding, body.wire, body.plain(), body.digest()]).toEqual(['identity', [text], text, null]);
});
