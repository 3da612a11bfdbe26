import { z } from 'zod';

/** What a text came to: its value, or what is wrong with it, in words for the caller. */
export type ParseResult<Value> = { readonly value: Value } | { readonly fault: string };

export interface ParameterOptions {
  readonly name: string;
  /** Shorter than this is refused, in characters. */
  readonly least?: number;
  /** Longer than this is refused before anything looks at it, in characters. */
  readonly most: number;
  readonly description: string;
  readonly example: string;
}

/** A parameter whose text `parse` judges, once its length is known to be bounded. */
export function parameter<Value>(
  { name, least = 0, most, description, example }: ParameterOptions,
  parse: (text: string) => ParseResult<Value>,
) {
  const text = z.string().max(most, `\`${name}\` is longer than ${most} characters.`);
  return (least === 0 ? text : text.min(least, `\`${name}\` is empty.`))
    .meta({ description, examples: [example] })
    .transform((given, context) => {
      const parsed = parse(given);
      if ('value' in parsed) return parsed.value;
      context.addIssue({ code: 'custom', message: parsed.fault });
      return z.NEVER;
    });
}
