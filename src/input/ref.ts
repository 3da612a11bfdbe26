import { type ParseResult, parameter } from './parameter.ts';
import { hasDotSegment, isSendable } from './segments.ts';

/** A branch, tag or commit by name, blanks around it aside; refused where `git check-ref-format` refuses it. */
export function parseRef(text: string): ParseResult<string> {
  if (!isSendable(text)) return { fault: '`ref` contains a control character.' };
  const name = text.trim();
  const fault = faultOf(name);
  return fault === null ? { value: name } : { fault };
}

function faultOf(name: string): string | null {
  if (name === '') return '`ref` is empty.';
  if (hasDotSegment(name)) return '`ref` contains a dot segment.';
  const bad = /[ ~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|\/\.|^\.|\.lock(?:\/|$)|^@$|^-/.test(name);
  return bad ? '`ref` is no name that git allows for a branch, tag or commit.' : null;
}

export const ref = parameter(
  {
    name: 'ref',
    most: 1_024,
    description: 'A branch, a tag or a commit hash; slashes are fine.',
    example: 'master',
  },
  parseRef,
);
