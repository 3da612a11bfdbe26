import { type ParseResult, parameter } from './parameter.ts';
import { isWorkspace } from './repo-name.ts';
import { decodeOnce, hasControlCharacter, withoutSlashes } from './segments.ts';

const HOW = 'Give its ID, for example atlassian, or its UUID in braces.';

/** The workspace in `text`: an ID, a UUID, or a bitbucket.org URL that begins with one. */
export function parseWorkspace(text: string): ParseResult<string> {
  if (hasControlCharacter(text)) return { fault: '`workspace` contains a control character.' };
  const trimmed = text.trim();
  if (trimmed === '') return { fault: `\`workspace\` is empty. ${HOW}` };
  const inUrl = /^(?:https?:\/\/)?(?:www\.)?bitbucket\.org\/([^/?#]+)/i.exec(trimmed)?.[1];
  const name = decodeOnce(inUrl ?? withoutSlashes(trimmed)).toLowerCase();
  return isWorkspace(name)
    ? { value: name }
    : { fault: `\`workspace\` can only have letters, digits, \`_\` and \`-\`. ${HOW}` };
}

export const workspaceName = parameter(
  {
    name: 'workspace',
    least: 1,
    most: 2_048,
    description: 'The workspace ID, or its UUID in braces.',
    example: 'atlassian',
  },
  parseWorkspace,
);
