/** The trace that a caller's request belongs to (W3C Trace Context, level 1). */
export interface TraceParent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** Of the caller's own span: 16 hex digits, not all zero. */
  readonly spanId: string;
  /** Whether the caller records it. */
  readonly isSampled: boolean;
}

const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/**
 * What a `traceparent` header says; null for none, and for one that the standard tells us to ignore. Later versions may
 * add parts behind the four that are known.
 */
export function parseTraceparent(header: string | undefined): TraceParent | null {
  const [, version, traceId = '', spanId = '', flags = '', more] = FORM.exec(header ?? '') ?? [];
  if (version === undefined || version === 'ff') return null;
  if (version === '00' && more !== undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
