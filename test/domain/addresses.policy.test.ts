import { describe, expect, it } from 'vitest';
import { hostKindOf, isLoopbackAddress, isPublicAddress } from '../../src/domain/addresses.ts';

describe('an address', () => {
  it.each([
    ...[
      '1.1.1.1',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.0',
    ],
    ...[
      '169.253.255.255',
      '169.255.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.0',
      '192.0.3.0',
      '192.167.255.255',
    ],
    ...['192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255', '203.0.112.255', '223.255.255.255'],
    ...['192.88.98.255', '192.88.100.0', '198.51.101.0', '203.0.114.0', '1.0.0.0'],
    ...[
      '2000::',
      '2001:200::1',
      '2606:4700::1111',
      '2001:db7::1',
      '2001:db9::1',
      '2003::1',
      '3ffe::1',
      '3fff:1000::1',
    ],
  ])('%s is of the open internet', (address) => {
    expect([isPublicAddress(address), isLoopbackAddress(address)]).toEqual([true, false]);
  });

  it.each([
    ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255'],
    ...[
      '169.254.0.1',
      '169.254.169.254',
      '172.16.0.0',
      '172.31.255.255',
      '192.0.0.8',
      '192.0.2.1',
      '192.88.99.1',
    ],
    ...['192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.7', '203.0.113.9'],
    ...['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::ffff:8.8.8.8',
      '::ffff:10.0.0.1',
      '64:ff9b::808:808',
      '64:ff9b:1::1',
      '100::1',
      '1fff::1',
      '4000::1',
    ],
    ...[
      '2001::1',
      '2001:1ff::1',
      '2001:db8::1',
      '2002:a00:1::1',
      '3fff::1',
      'fc00::1',
      'fdff::1',
      'fe80::1',
      'ff02::1',
    ],
    ...['', 'localhost', 'example.com', '1.1.1', '[2606:4700::1111]'],
  ])('%s is not', (address) => {
    expect([isPublicAddress(address), isLoopbackAddress(address)]).toEqual([false, false]);
  });

  it.each(['127.0.0.1', '127.255.255.255', '::1'])('%s is this machine alone', (address) => {
    expect([isPublicAddress(address), isLoopbackAddress(address)]).toEqual([false, true]);
  });
});

describe('the host of a URL', () => {
  it.each([
    ['http://localhost:9/x', 'loopback'],
    ['http://127.0.0.1/', 'loopback'],
    ['http://0x7f.1/', 'loopback'],
    ['http://[::1]:8/', 'loopback'],
    ['https://93.184.216.34/', 'public'],
    ['https://[2606:4700::1111]/', 'public'],
    ['https://10.1.2.3/', 'private'],
    ['https://[::ffff:127.0.0.1]/', 'private'],
    ['https://[fd00::1]/', 'private'],
    ['https://hooks.example/', 'name'],
    ['https://127.example/', 'name'],
    ['https://127.0.0.1.example/', 'name'],
    ['https://a.localhost/', 'name'],
  ])('%s is %s', (url, kind) => expect(hostKindOf(new URL(url))).toBe(kind));
});
