import { type ParseResult, parameter } from './parameter.ts';
import { hasDotSegment, isSendable } from './segments.ts';

/** A path in a repository without slashes around it or twice in it; empty for the root. */
export function parseTreePath(text: string): ParseResult<string> {
  if (!isSendable(text)) return { fault: '`path` contains a control character.' };
  if (hasDotSegment(text)) return { fault: '`path` contains a dot segment.' };
  const segments = text.split('/').filter((segment) => segment !== '');
  return { value: segments.join('/') };
}

export const treePath = parameter(
  {
    name: 'path',
    most: 4_096,
    description: 'A path from the root of the repository. Slashes around it do not matter.',
    example: 'src/main',
  },
  parseTreePath,
);
