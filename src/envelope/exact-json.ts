/** `JSON` as Node 24 has it and TypeScript does not know it yet. */
const exact = JSON as unknown as {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

/**
 * `text` as values that `JSON.stringify` writes with the very tokens that numbers came with: what a double cannot hold
 * is kept as text, and so is `1.0`. Throws `SyntaxError` where `text` is no JSON.
 */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_name, value, { source }) =>
    typeof value === 'number' && String(value) !== source ? exact.rawJSON(source ?? String(value)) : value,
  );
}
