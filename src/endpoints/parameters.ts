import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

export type Json = { [name: string]: unknown };

/** A row's parameters as callers write them: text, with its limits. In OpenAPI's form. */
export function parametersOf(row: Endpoint): Json[] {
  const schema = z.toJSONSchema(row.input, { io: 'input', override: withoutNoise }) as Json;
  const required = (schema.required ?? []) as string[];
  return Object.entries(schema.properties as Record<string, Json>).map(
    ([name, { description, examples, ...rest }]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      description,
      ...(Array.isArray(examples) ? { example: examples[0] } : {}),
      schema: rest,
    }),
  );
}

/** zod's noise: bounds of safe integers, and its own `$id` and `$schema`. */
export function withoutNoise({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (
    typeof jsonSchema.additionalProperties === 'object' &&
    Object.keys(jsonSchema.additionalProperties ?? {}).length === 0
  ) {
    delete jsonSchema.additionalProperties;
  }
}
