import type { SourceTerms } from '../../domain/traffic.ts';
import type { Template } from '../list/template.ts';
import type { SessionPattern } from './session-name.ts';
import type { Source } from './source.ts';

/** How a proxy itself is spoken to. */
export type Scheme = 'http' | 'https' | 'socks5' | 'socks5h';

export const isSocks = (scheme: Scheme) => scheme === 'socks5' || scheme === 'socks5h';

export interface ProxyAddress {
  readonly scheme: Scheme;
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ProxyCredentials {
  readonly user: string;
  readonly pass: string;
}

/** A proxy as the list names it. Holds the password: it lives in the closures of its source and nowhere else. */
export interface ProxyTerms extends ProxyAddress {
  /** Every tunnel leaves from another address. */
  readonly rotating: boolean;
  readonly user: Template;
  readonly pass: Template;
  readonly hasCredentials: boolean;
  /** Set on templates: what a session is to look like. */
  readonly sessionPattern: SessionPattern | null;
  /** What its traffic costs, and how much of it there may be. */
  readonly terms: SourceTerms;
}

/** What the list knows a source by; see `Source`. */
export type Names = Pick<Source, 'id' | 'label' | 'credential' | 'terms'>;
