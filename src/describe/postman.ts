import type { Json } from '../endpoints/parameters.ts';
import { absolute } from './llms.ts';
import collection from './postman.json' with { type: 'json' };

/** The Postman collection as `npm run openapi` made it of the description, its calls sent to `base`. */
export const postmanOf = (base: string): Json => ({
  ...collection,
  variable: collection.variable.map((one) =>
    one.key === 'baseUrl' ? { ...one, value: absolute(base) } : one,
  ),
});
