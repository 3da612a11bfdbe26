import { describe, expect, it } from 'vitest';
import {
  commandOf,
  dateOf,
  durationOf,
  UsageError,
  wholeNumberOf,
  wordsOf,
} from '../../src/cli/arguments.ts';
import { csvOf, tableOf } from '../../src/cli/table.ts';

describe('a command', () => {
  const commands = { check: 1, copy: 2 };
  it('is found by its name', () => {
    expect([commandOf(commands, 'check'), commandOf(commands, 'copy')]).toEqual([1, 2]);
  });
  it.each([
    ['', 'a command is needed'],
    ['nonsense', 'there is no command nonsense'],
    ['toString', 'there is no command toString'],
  ])('%j is none', (name, message) => {
    expect(() => commandOf(commands, name)).toThrow(UsageError);
    expect(() => commandOf(commands, name)).toThrow(new RegExp(`^${message}$`));
  });
});

describe('a whole number', () => {
  it.each([
    [undefined, undefined],
    ['1', 1],
    ['12', 12],
  ])('%j is %j', (text, number) => expect(wholeNumberOf(text, '--n', 12)).toBe(number));

  it.each(['', '0', '-1', '1.5', '1e1', '13', '0x1', ' 1', '01', '99999999999999999999'])(
    '%j is none',
    (text) => {
      expect(() => wholeNumberOf(text, '--n', 12)).toThrow(UsageError);
      expect(() => wholeNumberOf(text, '--n', 12)).toThrow('--n is a whole number from 1 to 12');
    },
  );
});

describe('a date', () => {
  it.each([
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2027-01-31T12:30Z', '2027-01-31T12:30:00.000Z'],
    ['2027-01-31T12:30:05.25Z', '2027-01-31T12:30:05.250Z'],
    ['2027-01-31T12:30:05+02:00', '2027-01-31T10:30:05.000Z'],
  ])('%s is %s', (text, iso) => expect(new Date(dateOf(text) ?? 0).toISOString()).toBe(iso));

  it('that is not given is no end', () => expect(dateOf(undefined)).toBeNull());

  it.each([
    '',
    'tomorrow',
    '2027-02-30',
    '2027-02-30T00:00Z',
    '2027-13-01',
    '2027-01-31x',
    '2027-01-31T25:00Z',
    '31.1.2027',
    '2027-01-31T12:00',
  ])('%j is none', (text) => {
    expect(() => dateOf(text)).toThrow(UsageError);
    expect(() => dateOf(text)).toThrow('--expires is a date: 2027-01-31 or 2027-01-31T12:00:00Z');
  });
});

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => expect(durationOf(text)).toBe(ms));

  it.each(['', '1', 'h', '-1h', '1.5h', '1w', '1h ', 'x1h', '1hx', '123456789s'])('%j is none', (text) => {
    expect(() => durationOf(text)).toThrow(UsageError);
    expect(() => durationOf(text)).toThrow('--overlap is a duration: 90s, 30m, 24h or 7d');
  });
});

describe('the words behind a command', () => {
  it('are as many as it takes', () => {
    expect(wordsOf(['a', 'b'], ['an account', 'a plan'], 'set-plan')).toEqual(['a', 'b']);
    expect(wordsOf([], [], 'list')).toEqual([]);
  });

  it.each([
    [['a'], ['an account', 'a plan'], 'set-plan takes an account and a plan'],
    [['a', 'b'], ['an account'], 'set-plan takes an account'],
    [['a'], [], 'set-plan takes nothing'],
  ])('%j for %j are refused', (words, names, message) => {
    expect(() => wordsOf(words, names, 'set-plan')).toThrow(UsageError);
    expect(() => wordsOf(words, names, 'set-plan')).toThrow(new RegExp(`${message}$`));
  });
});

describe('a table', () => {
  it('has columns as wide as their widest cell, and a dash for nothing', () => {
    const rows = [
      { id: 'a', name: 'long name', end: null },
      { id: 'bcd', name: 'x', end: 5 },
    ];
    expect(tableOf(rows)).toBe('id   name       end\na    long name  -\nbcd  x          5');
  });

  it('of nothing says so', () => expect(tableOf([])).toBe('Nothing yet.'));
});

describe('CSV', () => {
  const cellOf = (value: unknown) => csvOf([{ a: value }], ['a']).slice('a\n'.length);

  it('has a line of names and one for each row', () => {
    expect(csvOf([{ a: 1, b: 'x', c: 'left out' }, { a: null }], ['a', 'b'])).toBe('a,b\n1,x\n,');
  });

  it.each([
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
    ['plain', 'plain'],
    [-5, '-5'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['a=1', 'a=1'],
  ])('%j is %j', (value, cell) => expect(cellOf(value)).toBe(cell));
});
