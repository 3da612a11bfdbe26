import type { z } from 'zod';
import { Failure } from '../domain/failure.ts';
import { oncePer } from '../domain/remembered.ts';
import type { Body, UpstreamAnswer, UpstreamRequest, UpstreamTarget } from '../domain/upstream.ts';
import type { Conditions } from '../envelope/etag.ts';
import type { PageLinks, Param } from '../envelope/link.ts';
import { type PageKeys, pageKeysOf } from '../envelope/page-keys.ts';
import { isPageNumber, pretty } from '../input/paging.ts';
import type { Brief } from './brief.ts';
import { Scopes, type Taggable, type Tagged, Tagging } from './tagging.ts';

export type Tag = 'Repository' | 'Workspace' | 'Meta';

/** What an endpoint is, said once: routes, OpenAPI, MCP tools and the tests read it. */
interface Facts {
  /** Behind `/bitbucket-api`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: Tag;
  /** Two or three words, as on the product page. */
  readonly summary: string;
  /** For a reader who has never seen Bitbucket's own API. */
  readonly description: string;
  /** The envelope's `message` on success. */
  readonly message: string;
  /** What `data` is; its `id` names it in the description. */
  readonly data: z.ZodType;
  /** What people read of it; agents get no more unless they ask. */
  readonly brief: Brief;
  /** Where `page` leads on a list: a number, a number with Bitbucket's `ctx`, or a token of ours. */
  readonly cursor?: 'numeric' | 'ctx' | 'token';
}

/** One row of the table. */
export interface Endpoint extends Facts {
  /** Strict: what it does not name is refused. */
  readonly input: z.ZodObject;
  /** `conditions`: what the caller has already. */
  answer(input: unknown, bitbucket: Reader, conditions?: Conditions): Promise<Answer>;
}

/** Bitbucket, as one call may read it. */
export interface Reader {
  /** As `Upstream.get`. */
  get<Value>(request: UpstreamRequest<Value>): Promise<Value>;
  /** Whether a URL in an answer points at Bitbucket's API, so that its cursor may be used; null for what is no URL. */
  believes(url: URL | null): url is URL;
}

/** What a row makes of a call. */
export interface RowAnswer extends Taggable {
  readonly links?: PageLinks;
  readonly upstreamRequestId?: string | undefined;
}

export interface Answer extends Tagged {
  /** One JSON value in UTF-8; `data` of the envelope. Empty where Bitbucket confirmed what the caller has. */
  readonly data: Body;
  readonly links?: PageLinks | undefined;
  readonly upstreamRequestId?: string | undefined;
}

type Row<Shape extends z.ZodRawShape> = Facts & { readonly input: z.ZodObject<Shape> };
type Input<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** A row with its own way to an answer. */
export function endpoint<Shape extends z.ZodRawShape>(
  row: Row<Shape> & { answer(input: Input<Shape>, bitbucket: Reader, tagging: Tagging): Promise<RowAnswer> },
): Endpoint {
  const scopesOf = oncePer((input: object) => new Scopes(row.operationId, valuesOf(ofRow(input))));
  return {
    ...row,
    input: row.input.extend({ pretty }),
    answer: async (given, bitbucket, conditions = []) => {
      const input = given as Input<Shape>;
      const tagging = new Tagging(scopesOf(input), conditions);
      const made = await row.answer(input, bitbucket, tagging);
      const { etag, isUnchanged } = tagging.tag(made);
      const { data, links, upstreamRequestId } = made;
      return { data, links, upstreamRequestId, etag, isUnchanged };
    },
  };
}

/** Every parameter with its value, page and cursor included. */
const valuesOf = (input: object): string[] =>
  Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${textOf(value)}`]));

/** The row's own values: `pretty` is of no concern to Bitbucket. */
function ofRow<Values extends object>(input: Values): Values {
  const { pretty, ...own } = input as Values & { readonly pretty?: unknown };
  return own as Values;
}

/** A row that passes an answer of Bitbucket through. */
type Through<Shape extends z.ZodRawShape> = Row<Shape> & { upstream(input: Input<Shape>): UpstreamTarget };

/** Reads Bitbucket's own answer, whole, with the conditions of the caller. */
function wholeReaderOf<Shape extends z.ZodRawShape>(row: Through<Shape>) {
  const targetOf = oncePer((input: Input<Shape>) => row.upstream(ofRow(input)));
  return (input: Input<Shape>, bitbucket: Reader, tagging: Tagging): Promise<Whole> =>
    bitbucket.get({ ...targetOf(input), ...tagging.conditional(), read: wholeObject });
}

/** A row that passes one object of Bitbucket through. */
export const object = <Shape extends z.ZodRawShape>(row: Through<Shape>): Endpoint =>
  endpoint({ ...row, answer: wholeReaderOf(row) });

/** A row that passes a list with numbered pages through. */
export function page<Shape extends z.ZodRawShape>(row: Through<Shape>): Endpoint {
  const readWhole = wholeReaderOf(row);
  return endpoint({
    ...row,
    cursor: 'numeric',
    answer: async (input, bitbucket, tagging) => {
      const whole = await readWhole(input, bitbucket, tagging);
      const next = cursorOf(whole.keys.next, bitbucket)?.get('page') ?? '';
      return { ...whole, links: numericLinks(input, isPageNumber(next) ? next : undefined) };
    },
  });
}

function numericLinks(input: { readonly page?: unknown }, next: string | undefined): PageLinks {
  const given = paramsOf(input);
  const at = (number: string): Param[] => [...given, ['page', number]];
  const number = Number(input.page ?? 1);
  return {
    ...(next === undefined ? {} : { next: at(next) }),
    ...(number > 1 ? { prev: at(String(number - 1)) } : {}),
    first: at('1'),
  };
}

/** Bitbucket said 200 and sent what cannot be an answer. */
export function brokenAnswer(upstreamRequestId: string | undefined): Failure {
  return new Failure('upstream_failed', 'Bitbucket sent an answer that is not whole. Try again.', {
    ...(upstreamRequestId === undefined ? {} : { upstreamRequestId }),
  });
}

/** An answer that is passed through: its bytes, and what they say about themselves. */
export interface Whole extends Taggable {
  readonly keys: PageKeys;
  readonly upstreamRequestId: string | undefined;
}

/** A body that is one whole JSON object, or that the caller has already; null for any other. */
export function wholeObject({ status, headers, body, requestId }: UpstreamAnswer): Whole | null {
  const isUnchanged = status === 304;
  const keys = isUnchanged ? NO_KEYS : pageKeysOf(body);
  if (keys === null) return null;
  return { data: body, keys, upstreamTag: headers.etag, isUnchanged, upstreamRequestId: requestId };
}

const NO_KEYS: PageKeys = { next: undefined };

/**
 * The parameters of an upstream's `next`, or undefined where there is none or it leads elsewhere. Read leniently:
 * recorded ones lack the `&` before `fields`. A cursor has no blanks: a `+` in it is a plus.
 */
export function cursorOf(next: string | undefined, bitbucket: Reader): URLSearchParams | undefined {
  if (next === undefined) return undefined;
  const url = URL.parse(next);
  if (!bitbucket.believes(url)) return undefined;
  return new URLSearchParams(url.search.replace(/(?<=[^?&])fields=.*$/, '').replaceAll('+', '%2B'));
}

/** What the caller gave, the cursor aside, in the order of the row; a repository by its plain name. */
export function paramsOf(input: Readonly<Record<string, unknown>>): Param[] {
  return Object.entries(input).flatMap(([name, value]): Param[] =>
    value === undefined || value === false || name === 'page' || name === 'ctx'
      ? []
      : [[name, textOf(value)]],
  );
}

function textOf(value: unknown): string {
  if (value === true) return '1';
  if (Array.isArray(value)) return value.join(',');
  if (isRepoName(value)) return `${value.workspace}/${value.slug}`;
  return String(value);
}

const isRepoName = (value: unknown): value is { workspace: string; slug: string } =>
  typeof value === 'object' && value !== null && 'slug' in value;
