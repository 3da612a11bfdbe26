import { expect, it } from 'vitest';
import { z } from 'zod';
import { parameter } from '../../src/input/parameter.ts';

const looked: string[] = [];
const vowels = () =>
  parameter({ name: 'v', least: 1, most: 4, description: 'Vowels.', example: 'a' }, (text) => {
    looked.push(text);
    return /^[aeiou]+$/.test(text) ? { value: text.toUpperCase() } : { fault: '`v` has others.' };
  });

it.each([
  ['aei', { success: true, data: 'AEI' }],
  ['x', { success: false, error: { issues: [{ code: 'custom', message: '`v` has others.' }] } }],
  ['', { success: false, error: { issues: [{ message: '`v` is empty.' }] } }],
  ['aeiou', { success: false, error: { issues: [{ message: '`v` is longer than 4 characters.' }] } }],
])('%j', (text, result) => {
  expect(vowels().safeParse(text)).toMatchObject(result);
});

it('looks at no text whose length is wrong', () => {
  looked.length = 0;
  vowels().safeParse('aeiou');
  vowels().safeParse('');
  expect(looked).toEqual([]);
  vowels().safeParse('a');
  expect(looked).toEqual(['a']);
});

it('describes itself, with its lengths and an example', () => {
  expect(z.toJSONSchema(vowels(), { io: 'input' })).toMatchObject({
    type: 'string',
    minLength: 1,
    maxLength: 4,
    description: 'Vowels.',
    examples: ['a'],
  });
  const empty = parameter({ name: 'v', most: 4, description: '', example: '' }, (value) => ({ value }));
  expect(empty.parse('')).toBe('');
});
