import { BlockList, isIP } from 'node:net';

/** Of IPv4, what is not the open internet: private, shared, link-local, documentation, multicast and the like. */
const NOT_PUBLIC_V4 = blockListOf('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]);
/** Of IPv6 only this part is given out at all. */
const GLOBAL_V6 = blockListOf('ipv6', [['2000::', 3]]);
/** Of it, what is documentation, or holds an IPv4 address that may be anything. */
const NOT_PUBLIC_V6 = blockListOf('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

function blockListOf(family: 'ipv4' | 'ipv6', networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, family);
  return list;
}

/** Whether `text` is an IP address of the open internet; without brackets. */
export function isPublicAddress(text: string): boolean {
  const family = isIP(text);
  if (family === 4) return !NOT_PUBLIC_V4.check(text, 'ipv4');
  return family === 6 && GLOBAL_V6.check(text, 'ipv6') && !NOT_PUBLIC_V6.check(text, 'ipv6');
}

/** Whether `text` is an IP address of this machine alone; without brackets. */
export const isLoopbackAddress = (text: string): boolean =>
  text === '::1' || (isIP(text) === 4 && text.startsWith('127.'));

/** What the host of a URL is before anybody has resolved it. */
export function hostKindOf({ hostname }: URL): 'loopback' | 'public' | 'private' | 'name' {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (host === 'localhost' || isLoopbackAddress(host)) return 'loopback';
  if (isIP(host) === 0) return 'name';
  return isPublicAddress(host) ? 'public' : 'private';
}
