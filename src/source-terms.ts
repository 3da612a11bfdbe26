import { isPaid } from './domain/telemetry.ts';
import type { SourceTerms } from './domain/traffic.ts';
import type { Source } from './egress/sources/source.ts';

/** What the entries of the present list say of their traffic. */
export interface ListTerms {
  /** By their labels; this machine's own address costs nothing and is not among them. */
  read(): ReadonlyMap<string, SourceTerms>;
  replace(list: readonly Source[]): void;
}

export function createListTerms(list: readonly Source[]): ListTerms {
  const termsOf = (sources: readonly Source[]) =>
    new Map(
      sources.map(({ label, terms }) => [label, terms] as const).filter(([source]) => isPaid({ source })),
    );
  let terms = termsOf(list);
  return {
    read: () => terms,
    replace: (sources) => {
      terms = termsOf(sources);
    },
  };
}
