import { z } from 'zod';
import { isWorkspace } from './repo-name.ts';
import { decodeOnce, hasControlCharacter } from './segments.ts';

const MAX_LENGTH = 2_048;
const HOW = 'Give its ID, for example atlassian, or its UUID in braces.';

/** The workspace in `text`: an ID, a UUID, or a bitbucket.org URL that begins with one. A message when it is none. */
export function parseWorkspace(text: string): { readonly workspace: string } | string {
  const trimmed = text.trim();
  if (trimmed === '') return `\`workspace\` is empty. ${HOW}`;
  if (hasControlCharacter(text)) return '`workspace` contains a control character.';
  const url = /^(?:https?:\/\/)?(?:www\.)?bitbucket\.org\/([^/?#]+)(?:\/[^?#]*)?(?:[?#].*)?$/is.exec(trimmed);
  const name = decodeOnce(url?.[1] ?? trimmed.replace(/^\/+|\/+$/g, '')).toLowerCase();
  return isWorkspace(name)
    ? { workspace: name }
    : `\`workspace\` can only have letters, digits, \`_\` and \`-\`. ${HOW}`;
}

export const workspaceName = z
  .string()
  .min(1, `\`workspace\` is empty. ${HOW}`)
  .max(MAX_LENGTH, `\`workspace\` is longer than ${MAX_LENGTH} characters.`)
  .meta({ description: 'The workspace ID, or its UUID in braces.', examples: ['atlassian'] })
  .transform((text, context) => {
    const result = parseWorkspace(text);
    if (typeof result !== 'string') return result.workspace;
    context.addIssue({ code: 'custom', message: result });
    return z.NEVER;
  });
