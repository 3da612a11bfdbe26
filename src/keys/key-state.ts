import type { OwnedKey } from './records.ts';

export type KeyState = 'active' | 'rotated' | 'revoked' | 'suspended' | 'expired';

/** What a key is good for at `nowMs`, in one word. `rotated`: still good, with an end in sight. */
export function keyStateOf({ key, account }: OwnedKey, nowMs: number): KeyState {
  if (key.revoked || (key.endsAtMs !== null && key.endsAtMs <= nowMs)) return 'revoked';
  if (account.suspended) return 'suspended';
  if (account.expiresAtMs !== null && account.expiresAtMs <= nowMs) return 'expired';
  return key.endsAtMs === null ? 'active' : 'rotated';
}
