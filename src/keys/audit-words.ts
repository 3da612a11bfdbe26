import type { AuditRow } from './records.ts';

/** What a change did, for those who want to act on it. */
export type Happening =
  /** `replaces`: the key that was rotated into it. */
  | { readonly kind: 'key created'; readonly keyId: string; readonly replaces: string | null }
  /** `endsAtMs` may lie ahead: a rotated key goes on for its overlap. */
  | {
      readonly kind: 'key revoked';
      readonly keyId: string;
      readonly endsAtMs: number;
      readonly replacedBy: string | null;
    }
  | { readonly kind: 'account suspended' | 'account resumed' };

type Words = Pick<AuditRow, 'action' | 'detail'>;

/** How the audit tells of a change, and below how it is read again: the two belong together. */
export const wordsOfCreate = (keyId: string, plan: string): Words => ({
  action: 'create',
  detail: `key ${keyId}, plan ${plan}`,
});

export const wordsOfRotate = (oldId: string, newId: string, overlapMs: number): Words => ({
  action: 'rotate',
  detail: `key ${oldId} to ${newId}, overlap ${overlapMs / 1_000} s`,
});

export const wordsOfRevoke = (keyId: string): Words => ({ action: 'revoke', detail: `key ${keyId}` });

/** What is done every day has a word of its own. */
export function wordsOfPatch(patch: object): Words {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const [[name, value] = []] = given;
  if (given.length === 1 && name === 'plan') return { action: 'set-plan', detail: String(value) };
  if (given.length === 1 && name === 'suspended') return { action: value ? 'suspend' : 'resume', detail: '' };
  return { action: 'change', detail: given.map(([name, value]) => `${name} ${value ?? 'none'}`).join(', ') };
}

/** What a row of the audit says happened to keys and to an account's leave to call; nothing where it says neither. */
export function happeningsOf({ action, detail, atMs }: AuditRow): Happening[] {
  if (action === 'suspend') return [{ kind: 'account suspended' }];
  if (action === 'resume') return [{ kind: 'account resumed' }];
  if (action === 'change') return suspensionsIn(detail);
  const [, keyId = '', replacedBy = null, overlapS = '0'] =
    /^key (\w+)(?: to (\w+), overlap ([\d.]+) s)?/.exec(detail) ?? [];
  if (action === 'create') return [{ kind: 'key created', keyId, replaces: null }];
  if (action === 'revoke') return [{ kind: 'key revoked', keyId, endsAtMs: atMs, replacedBy: null }];
  if (action !== 'rotate' || replacedBy === null) return [];
  return [
    { kind: 'key created', keyId: replacedBy, replaces: keyId },
    { kind: 'key revoked', keyId, endsAtMs: atMs + Number(overlapS) * 1_000, replacedBy },
  ];
}

function suspensionsIn(detail: string): Happening[] {
  const words = detail.split(', ');
  if (words.includes('suspended true')) return [{ kind: 'account suspended' }];
  return words.includes('suspended false') ? [{ kind: 'account resumed' }] : [];
}
