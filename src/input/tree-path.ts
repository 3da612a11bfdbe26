import { z } from 'zod';
import { hasControlCharacter, hasDotSegment } from './segments.ts';

const MAX_LENGTH = 4_096;

/** A path in a repository without slashes around it; empty for the root. */
export const treePath = z
  .string()
  .max(MAX_LENGTH, `\`path\` is longer than ${MAX_LENGTH} characters.`)
  .refine((path) => !hasControlCharacter(path) && path.isWellFormed(), '`path` contains a control character.')
  .refine((path) => !hasDotSegment(path), '`path` contains a dot segment.')
  .meta({
    description: 'A path from the root of the repository. Slashes around it do not matter.',
    examples: ['src/main'],
  })
  .transform((path) =>
    path
      .split('/')
      .filter((segment) => segment !== '')
      .join('/'),
  );
