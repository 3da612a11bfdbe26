import { describe, expect, it } from 'vitest';
import { faultsIn, functionsIn, quantileOf } from '../../tools/shape.ts';

const longBody = (lines: number) => Array.from({ length: lines - 2 }, () => '  work();').join('\n');

describe('a function takes the lines from its head to its end', () => {
  it.each([
    ['function declared(): void {\n  work();\n}', 'declared', 3],
    ['const arrow = () => {\n  work();\n};', 'arrow', 3],
    ['const short = () => 1;', 'short', 1],
    ['class A {\n  method() {\n    work();\n  }\n}', 'method', 3],
    ['const o = {\n  inObject() {\n    work();\n  },\n};', 'inObject', 3],
  ])('%j', (text, name, lines) => {
    expect(functionsIn('a.ts', text).map((found) => [found.name.split(' ')[1], found.lines])).toEqual([
      [name, lines],
    ]);
  });

  it('those nested in it included', () => {
    const text = `function outer() {\n  const inner = () => {\n${longBody(58)}\n  };\n  work();\n}`;
    expect(functionsIn('a.ts', text).map(({ lines }) => lines)).toEqual([61, 58]);
  });
});

it('names what is too long, tables aside', () => {
  const functions = functionsIn(
    'a.ts',
    `function f() {\n${longBody(61)}\n}\nfunction g() {\n${longBody(60)}\n}`,
  );
  const files = [
    { name: 'b.ts', lines: 201 },
    { name: 'c.ts', lines: 200 },
    { name: 'endpoints/schemas.ts', lines: 900 },
  ];
  expect(faultsIn(functions, files)).toEqual(['a.ts:1 f has 61 lines', 'b.ts has 201 lines']);
});

it('a quantile is a value that was measured', () => {
  const lines = [5, 1, 4, 2, 3, 10, 9, 8, 7, 6];
  expect([quantileOf(lines, 0.5), quantileOf(lines, 0.9), quantileOf(lines, 1), quantileOf([], 0.5)]).toEqual(
    [6, 10, 10, 0],
  );
});
