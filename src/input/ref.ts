import { z } from 'zod';
import { hasControlCharacter, hasDotSegment } from './segments.ts';

const MAX_LENGTH = 1_024;

/** What `git check-ref-format` refuses in a name, blanks around it aside; null when it is good. */
export function faultOf(ref: string): string | null {
  if (ref === '') return '`ref` is empty.';
  if (hasControlCharacter(ref) || !ref.isWellFormed()) return '`ref` contains a control character.';
  if (hasDotSegment(ref)) return '`ref` contains a dot segment.';
  const bad = /[ ~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|(?:^|\/)\.|\.lock(?:\/|$)|^@$|^-/.test(ref);
  return bad ? '`ref` is no name that git allows for a branch, tag or commit.' : null;
}

export const ref = z
  .string()
  .max(MAX_LENGTH, `\`ref\` is longer than ${MAX_LENGTH} characters.`)
  .meta({ description: 'A branch, a tag or a commit hash; slashes are fine.', examples: ['master'] })
  .superRefine((text, context) => {
    const fault = faultOf(text.replace(/^ +| +$/g, ''));
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((text) => text.trim());
