import { expect, it } from 'vitest';
import { createArrivals } from '../../src/webhooks/arrivals.ts';

function world() {
  const said: [string, object, string][] = [];
  const at = (level: string) => (fields: object, message: string) => void said.push([level, fields, message]);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { arrivals: createArrivals(log), said };
}
const event = (accountId: string) => ({ id: `of ${accountId}`, accountId, createdAtMs: 0, body: '' });
const FAILS = [
  'warn',
  { event: 'of a', account: 'a', cause: 'it answered 500' },
  'a webhook did not arrive: tried again for a day',
];
const AGAIN = ['info', {}, 'webhooks arrive again'];

it('a receiver that is away is told of once, and once when all arrive again', () => {
  const { arrivals, said } = world();
  for (const account of ['a', 'b', 'a', 'b']) arrivals.failed(event(account), 'it answered 500');
  expect(said).toEqual([FAILS]);
  arrivals.arrived(event('a'));
  arrivals.arrived(event('a'));
  expect(said).toEqual([FAILS]);
  arrivals.arrived(event('b'));
  arrivals.arrived(event('b'));
  expect(said).toEqual([FAILS, AGAIN]);
  arrivals.failed(event('a'), 'it answered 500');
  expect(said).toEqual([FAILS, AGAIN, FAILS]);
});

it('what arrives without ever having failed is no news', () => {
  const { arrivals, said } = world();
  arrivals.arrived(event('a'));
  arrivals.allGone();
  expect(said).toEqual([]);
});

it('each that is given up is told of', () => {
  const { arrivals, said } = world();
  arrivals.failed(event('a'), 'it answered 500');
  arrivals.givenUp(event('a'), 'it answered 400');
  expect(said).toEqual([
    FAILS,
    [
      'error',
      { event: 'of a', account: 'a', cause: 'it answered 400' },
      'a webhook was given up after a day',
    ],
  ]);
  arrivals.failed(event('a'), 'it answered 500');
  expect(said.at(-1)).toEqual(FAILS);
});

it('where another gateway brought the rest, all arrive again as well', () => {
  const { arrivals, said } = world();
  arrivals.failed(event('a'), 'it answered 500');
  arrivals.failed(event('b'), 'it answered 500');
  arrivals.allGone();
  arrivals.allGone();
  expect(said).toEqual([FAILS, AGAIN]);
});

it('no room is told of once, and room again', () => {
  const { arrivals, said } = world();
  for (const full of [false, true, true, false, false]) arrivals.isFull(full);
  expect(said).toEqual([
    ['error', {}, 'too many webhooks wait: further ones are kept back'],
    ['info', {}, 'there is room for webhooks again'],
  ]);
});
