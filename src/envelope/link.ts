/** A parameter of ours, as the caller gave it or as we read it. */
export type Param = readonly [name: string, value: string];

/** Where a page leads, as parameters of this gateway's own endpoint; what is absent does not exist. */
export interface PageLinks {
  readonly next?: readonly Param[];
  readonly prev?: readonly Param[];
  readonly first?: readonly Param[];
}

/**
 * The `Link` header (RFC 8288): URLs of this gateway that need nothing added. Undefined when the page leads
 * nowhere. `base` is the endpoint's own URL, absolute or from the root; the `Host` header has no say in it.
 */
export function linkHeaderOf(base: string, links: PageLinks): string | undefined {
  const relations = (['next', 'prev', 'first'] as const).flatMap((relation) => {
    const params = links[relation];
    return params === undefined ? [] : [`<${base}?${queryOf(params)}>; rel="${relation}"`];
  });
  return relations.length === 0 ? undefined : relations.join(', ');
}

const queryOf = (params: readonly Param[]) =>
  params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
