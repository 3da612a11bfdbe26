import type { Clock } from '../domain/clock.ts';

/** So many wrong tokens are told apart from a flood … */
export const WRONG_TOKENS = 5;
/** … in any so many milliseconds, from one address. */
export const WRONG_TOKENS_WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/** Wrong tokens by address, in a sliding minute. The right token never comes here. */
export interface WrongTokens {
  /** Notes one more. 0 where it is among the first five of its minute, else how long to wait, ms. */
  note(address: string): number;
}

export function createWrongTokens(clock: Clock): WrongTokens {
  const times = new Map<string, number[]>();
  return {
    note: (address) => {
      const nowMs = clock.monotonic();
      const group = groupOf(address);
      const recent = (times.get(group) ?? []).filter((atMs) => nowMs - atMs < WRONG_TOKENS_WINDOW_MS);
      const [first = nowMs] = recent;
      if (recent.length >= WRONG_TOKENS) return first + WRONG_TOKENS_WINDOW_MS - nowMs;
      times.delete(group);
      times.set(group, [...recent, nowMs]);
      const [oldest] = times.keys();
      if (times.size > MAX_ADDRESSES && oldest !== undefined) times.delete(oldest);
      return 0;
    },
  };
}

/** One household of IPv6 has a whole /64 of addresses: they count as one. */
export function groupOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const front = head.split(':').filter((part) => part !== '');
  const back = (tail ?? '').split(':').filter((part) => part !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const parts = [...front, ...new Array<string>(zeros).fill('0'), ...back];
  return `${parts
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
