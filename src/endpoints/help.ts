import type { FailureCode } from '../domain/failure.ts';
import { BASE_PATH } from './table.ts';

/** The page about a code, behind the base path. */
export const helpPathOf = (code: FailureCode): string => `/docs/errors/${code}.md`;

/** Where callers find it; from the root where no public URL is known. */
export const helpUrlOf = (publicUrl: string, code: FailureCode): string =>
  publicUrl + BASE_PATH + helpPathOf(code);
