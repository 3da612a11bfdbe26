import { describe, expect, it } from 'vitest';
import { NO_TERMS } from '../../../src/domain/traffic.ts';
import { splitTerms } from '../../../src/egress/list/terms.ts';

describe('before an entry', () => {
  it.each([
    ['price=4.5+http://h', 4.5, null, 'http://h'],
    ['gb=50+http://h', null, 50, 'http://h'],
    ['price=0+gb=0.25+rotating+socks5://h', 0, 0.25, 'rotating+socks5://h'],
    ['GB=1+PRICE=2+h:1:u:p', 2, 1, 'h:1:u:p'],
    ['gb=123456789.123456+u:p@h:1', null, 123_456_789.123_456, 'u:p@h:1'],
    ['price=1+direct', 1, null, 'direct'],
  ])('%s says price and GB', (text, pricePerGb, gbPerMonth, rest) => {
    expect(splitTerms(text)).toEqual({ terms: { pricePerGb, gbPerMonth }, rest });
  });

  it.each([
    ...['http://h', 'direct', 'h:1:u:p', 'rotating+http://h', '', 'price=4', 'price=4http://h'],
    ...['a=b+c:p@h:1', 'price=x+c:p@h:1', 'gb=0+c:p@h:1', 'gb=1+gb=2+c:p@h:1', 'gb=1+a=2+c:p@h:1'],
    ...['u:price=4+http://x@h:1', 'http://u:price=4+gb=5+p@h:1', ' price=4+http://h'],
  ])('%j nothing is said', (text) => expect(splitTerms(text)).toEqual({ terms: NO_TERMS, rest: text }));

  it.each([
    ...['price=x+http://h', 'price=+https://h', 'prize=4+socks5h://h', 'gb=0+http://h', 'gb=0.0+http://h'],
    ...[
      'gb=-1+http://h',
      'gb=1+gb=2+http://h',
      'price=1+Price=1+rotating+http://h',
      'gb=1234567890+http://h',
    ],
    ...[
      'price=1.1234567+http://h',
      'gb=5+a=5+HTTP://h',
      'price=1e3+http://h',
      'gb=5x+http://h',
      'gb=x5+http://h',
    ],
  ])('%s is refused', (text) => {
    expect(splitTerms(text)).toEqual({
      fault: expect.stringMatching(/^before an entry stand price=4.5\+ and gb=50\+/),
    });
  });
});
