import { Failure, invalid } from '../domain/failure.ts';
import { KEY_HEADER } from '../domain/headers.ts';

/** What a caller may show itself with, as it came. */
export interface Credentials {
  readonly [KEY_HEADER]: string | undefined;
  readonly authorization: string | undefined;
}

/** For a 401: both ways to send a key. */
export const CHALLENGE = {
  'www-authenticate': `ApiKey realm="bitbucket-api", header="${KEY_HEADER}", Bearer realm="bitbucket-api"`,
};
export const WHERE = `Send it in the \`${KEY_HEADER}\` header, or as \`Authorization: Bearer <key>\`; keys are made at https://www.oanor.com/developer/keys.`;

/**
 * The key that was given, in whichever of the two headers. Throws `key_missing`, saying what was seen instead, and
 * `invalid_request` when the headers name two different keys: no one can say which of them is meant.
 */
export function keyOf(given: Credentials): string {
  const own = given[KEY_HEADER]?.trim() ?? '';
  const authorization = given.authorization?.trim() ?? '';
  const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
  if (own !== '' && bearer !== '' && own !== bearer) {
    throw invalid(
      'authorization',
      `\`${KEY_HEADER}\` and \`Authorization: Bearer\` were both sent, with different keys. Send one of them.`,
    );
  }
  if (own !== '') return own;
  if (bearer !== '') return bearer;
  throw new Failure('key_missing', `A key is needed. ${seen(given, authorization)}${WHERE}`, {
    headers: CHALLENGE,
  });
}

/** Never what was sent, only how: a mistyped header may hold the key. */
function seen(given: Credentials, authorization: string): string {
  if (authorization !== '') return '`Authorization` was sent, but not as `Bearer <key>`. ';
  if (given[KEY_HEADER] !== undefined) return `\`${KEY_HEADER}\` was sent empty. `;
  return '';
}
