import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readChecked, writeChecked } from '../../src/input/checked-value.ts';

it('comes back as it was written, as one word for a URL', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.string(), (value, scope) => {
      const word = writeChecked(value, scope);
      expect(word).toMatch(/^[\w-]+$/);
      expect(readChecked(word, scope)).toEqual(value);
    }),
  );
});

describe('is nothing', () => {
  const word = writeChecked(['a'], 'here');
  /** As a caller would, who read this code. */
  const forged = (text: string) =>
    Buffer.from(hash('sha256', `here\n${text}`, 'base64url').slice(0, 12) + text).toString('base64url');
  it.each([
    ['elsewhere', word, 'there'],
    ['damaged', `${word.slice(0, -2)}AA`, 'here'],
    ['cut', word.slice(0, 8), 'here'],
    ['made up', 'nonsense', 'here'],
    ['empty', '', 'here'],
    ['no JSON under a good checksum', forged('{'), 'here'],
  ])('%s', (_name, text, scope) => expect(readChecked(text, scope)).toBeUndefined());

  it('but a good checksum is no secret', () => expect(readChecked(forged('["b"]'), 'here')).toEqual(['b']));
});
