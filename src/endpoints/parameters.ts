import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

export type Json = { [name: string]: unknown };

/** One parameter of a row, as OpenAPI has it. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query';
  readonly required: boolean;
  readonly description: string;
  /** Absent on cursors, which work where they were given alone. */
  readonly example?: string | number;
  readonly schema: Json;
}

/** A row's parameters as callers write them, with their limits and an example that works. */
export function parametersOf(row: Pick<Endpoint, 'input'>): readonly Parameter[] {
  const { properties, required } = z.toJSONSchema(row.input, { io: 'input', override: withoutNoise }) as {
    properties: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, whole, ...text } = property;
    const [example] = (examples ?? []) as readonly string[];
    const isWhole = whole !== undefined;
    return {
      name,
      in: 'query',
      required: required?.includes(name) ?? false,
      description: String(description),
      ...(example === undefined ? {} : { example: isWhole ? Number(example) : example }),
      schema: isWhole ? wholeNumber(whole as Json, text) : text,
    };
  });
}

/** Digits in a query are text to us and a number to everyone else. */
const wholeNumber = (bounds: Json, text: Json): Json => ({
  type: 'integer',
  ...bounds,
  ...(text.default === undefined ? {} : { default: Number(text.default) }),
});

/** zod's noise: bounds of safe integers. That an object is open is said in so many words: linters take silence for a no. */
export function withoutNoise({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (
    typeof jsonSchema.additionalProperties === 'object' &&
    Object.keys(jsonSchema.additionalProperties ?? {}).length === 0
  ) {
    jsonSchema.additionalProperties = true;
  }
}
