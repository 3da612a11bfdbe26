import { Failure } from '../domain/failure.ts';
import { BASE_PATH, table } from '../endpoints/table.ts';
import { USAGE_PATH } from '../endpoints/usage.ts';
import { nearestOf } from '../input/nearest.ts';
import { MCP_PATH } from '../mcp/mcp.ts';

const METHODS = 'GET, HEAD, OPTIONS';
const MAX_SHOWN = 200;
const MAX_REMEMBERED = 1_000;

const paths = [...table.map((row) => BASE_PATH + row.path), MCP_PATH, USAGE_PATH];
const tails = paths.map((path) => path.slice(BASE_PATH.length));

/** The methods that work at `path`; null where there is no endpoint. */
export function methodsAt(path: string): string | null {
  if (path === MCP_PATH) return 'POST, OPTIONS';
  return paths.includes(path) ? METHODS : null;
}

/** Why there is no endpoint behind a path, with what was probably meant. A path told before costs nothing to tell again. */
export function createNothingHere(): (path: string) => Failure {
  const hints = new Map<string, string>();
  return (path) => {
    const allow = methodsAt(path);
    if (allow !== null)
      return new Failure('method_not_allowed', `Only ${allow} work here.`, { headers: { allow } });
    const shown = path.slice(0, MAX_SHOWN);
    const hint = hints.get(shown) ?? hintFor(shown);
    if (hints.size >= MAX_REMEMBERED) hints.clear();
    hints.set(shown, hint);
    return new Failure('route_not_found', `There is nothing here. ${hint}`);
  };
}

/** Only what stands behind the base is compared: the base alone would make everything look near. */
function hintFor(path: string): string {
  const tail = path.startsWith(`${BASE_PATH}/`) ? path.slice(BASE_PATH.length) : path;
  const nearest = nearestOf(tail, tails);
  return nearest === undefined
    ? `The endpoints are described at ${BASE_PATH}/docs.`
    : `Did you mean ${BASE_PATH}${nearest}?`;
}
