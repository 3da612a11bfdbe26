/** All keys of an account are in one slot of a cluster. */

/** The moments of its calls in the last second. */
export const secondKey = (accountId: string) => `gateway:rate:{${accountId}}`;

/** What all gateways have spent and given back in a month. */
export const totalsKey = (accountId: string, period: string) => `gateway:usage:{${accountId}}:${period}`;

/** What each running gateway has. */
export const ownKey = (accountId: string, period: string) => `gateway:own:{${accountId}}:${period}`;

/** Which months there are: `account period`. */
export const USAGE_INDEX = 'gateway:usage-index';
