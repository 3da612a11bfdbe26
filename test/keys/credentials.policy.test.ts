import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/domain/failure.ts';
import { keyOf } from '../../src/keys/credentials.ts';

const given = (own: string | undefined, authorization: string | undefined) => ({
  'x-oanor-key': own,
  authorization,
});
const refusalOf = (own: string | undefined, authorization: string | undefined): Failure => {
  try {
    throw new Error(`taken: ${keyOf(given(own, authorization))}`);
  } catch (error) {
    return error as Failure;
  }
};

describe('the key', () => {
  it.each([
    [' k ', undefined],
    ['k', ''],
    ['k', 'Basic canary'],
    ['k', 'Bearer k'],
    [undefined, 'Bearer k'],
    ['', 'bearer   k '],
  ])('%j and %j give k', (own, authorization) => expect(keyOf(given(own, authorization))).toBe('k'));

  it.each([
    [undefined, undefined, /^A key is needed\. Send it/],
    ['  ', undefined, /^A key is needed\. `x-oanor-key` was sent empty\. Send it/],
    [
      undefined,
      'Basic canary',
      /^A key is needed\. `Authorization` was sent, but not as `Bearer <key>`\. Send it/,
    ],
    [undefined, 'xBearer canary', /not as `Bearer <key>`/],
    ['', 'Bearer canary canary', /not as `Bearer <key>`/],
  ])('%j and %j: missing, and what was seen instead', (own, authorization, message) => {
    const refusal = refusalOf(own, authorization);
    expect(refusal.code).toBe('key_missing');
    expect(refusal.message).toMatch(message);
    expect(refusal.message).not.toContain('canary');
    expect(refusal.headers['www-authenticate']).toMatch(/^ApiKey .*x-oanor-key.*, Bearer /);
  });

  it('two different ones are nobody’s', () => {
    const refusal = refusalOf('canary-1', 'Bearer canary-2');
    expect([refusal.code, refusal.details[0]?.parameter]).toEqual(['invalid_request', 'authorization']);
    expect(refusal.message).toContain('both sent, with different keys');
    expect(refusal.message).not.toContain('canary');
  });
});
