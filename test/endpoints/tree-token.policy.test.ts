import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTreeToken, writeTreeToken } from '../../src/endpoints/tree-token.ts';
import { treeToken } from '../../src/input/paging.ts';

const COMMIT = 'a'.repeat(40);
const SCOPE = 'acme\nbig\n\n';

/** What anyone can make who has read the source. */
const forge = (text: string, scope = SCOPE) =>
  Buffer.from(hash('sha256', `${scope}\n${text}`, 'base64url').slice(0, 12) + text).toString('base64url');

it('comes back as it was written, and is one that we take', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
    .map((text) => `r${text.replace(/\p{Cc}/gu, '')}`);
  fc.assert(
    fc.property(
      name,
      fc.stringMatching(/^[!-~]{1,100}$/),
      fc.stringMatching(/^[0-9a-f]{40}$/),
      (ref, cursor, commit) => {
        fc.pre(ref.isWellFormed() && !ref.includes('/'));
        const written = writeTreeToken({ commit, cursor, ref }, SCOPE);
        expect(treeToken.parse(written)).toBe(written);
        expect(readTreeToken(written, SCOPE)).toEqual({ commit, cursor, ref });
        expect(readTreeToken(written, `${SCOPE}x`)).toBeNull();
      },
    ),
  );
});

it('the longest that we write is one that we take', () => {
  const written = writeTreeToken(
    { commit: COMMIT, cursor: 'c'.repeat(1_000), ref: '語'.repeat(1_024) },
    SCOPE,
  );
  expect(treeToken.parse(written)).toBe(written);
  expect(readTreeToken(written, SCOPE)?.ref).toHaveLength(1_024);
});

describe('a forged one', () => {
  it.each([
    'null',
    '{}',
    '1',
    '[]',
    'no JSON',
    '["..","1","x"]',
    '["a/../b","1","x"]',
    `["${COMMIT}"]`,
    `["${COMMIT}","","x"]`,
    `["${COMMIT}",1,"x"]`,
    `["${COMMIT}","1",null]`,
    `["${COMMIT}","1",""]`,
    `["${COMMIT}","1","a/../b"]`,
    `["${COMMIT}","1","x\\u0000"]`,
    `["${COMMIT}","1\\n","x"]`,
    `["${COMMIT}","1","x","more"]`,
    `["${COMMIT.toUpperCase()}","1","x"]`,
    `["${'a'.repeat(65)}","1","x"]`,
    `["${'a'.repeat(6)}","1","x"]`,
    `["${COMMIT}","${'1'.repeat(1_001)}","x"]`,
    `["${COMMIT}","1","${'x'.repeat(1_025)}"]`,
  ])('%s is no token', (text) => {
    expect(readTreeToken(forge(text), SCOPE)).toBeNull();
  });

  it('with the right shape is what a caller could have typed', () => {
    expect(readTreeToken(forge(`["${COMMIT}","1","x"]`), SCOPE)).toEqual({
      commit: COMMIT,
      cursor: '1',
      ref: 'x',
    });
  });
});
