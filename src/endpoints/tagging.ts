import type { Body, UpstreamRequest } from '../domain/upstream.ts';
import { type Conditions, isKnown, scopeOf, tagOf, tagOfText, upstreamTagsOf } from '../envelope/etag.ts';

/** Goes up when a row makes other bytes of the same body of Bitbucket, so that no old tag confirms them. */
const SHAPE_VERSION = '1';

/** What decides an answer's tag, beside the body of Bitbucket. */
export interface Taggable {
  readonly data: Body;
  /** Bitbucket's tag of the body that became `data`; undefined where it gave none. */
  readonly upstreamTag?: string | undefined;
  /** Bitbucket said that what the caller has still stands: `data` is empty. */
  readonly isUnchanged?: boolean;
  /** The name that the answer gives to a ref that was not asked for by name. */
  readonly shownRef?: string;
}

export interface Tagged {
  /** Ours, weak; undefined where it cannot be told which of the caller's still stands. */
  readonly etag: string | undefined;
  /** The caller has what would be sent. */
  readonly isUnchanged: boolean;
}

/** What tags of one operation with its parameters are good for. */
export class Scopes {
  readonly #parts: readonly string[];
  #unnamed: string | undefined;

  constructor(operationId: string, params: readonly string[]) {
    this.#parts = [SHAPE_VERSION, operationId, ...params];
  }

  /** `shownRef` as in `Taggable`; '' where the answer names none. */
  of(shownRef: string): string {
    if (shownRef !== '') return scopeOf([...this.#parts, shownRef]);
    this.#unnamed ??= scopeOf([...this.#parts, '']);
    return this.#unnamed;
  }
}

/** The tags of one call, under its caller's conditions. */
export class Tagging {
  readonly #scopes: Scopes;
  readonly #conditions: Conditions;

  constructor(scopes: Scopes, conditions: Conditions) {
    this.#scopes = scopes;
    this.#conditions = conditions;
  }

  /** For the one request whose body becomes `data`, and for no other: Bitbucket's own tags that the caller gave back. */
  conditional(shownRef = ''): Pick<UpstreamRequest<unknown>, 'ifNoneMatch'> {
    if (this.#conditions.length === 0) return {};
    const ifNoneMatch = upstreamTagsOf(this.#conditions, this.#scopes.of(shownRef));
    return ifNoneMatch.length === 0 ? {} : { ifNoneMatch };
  }

  tag({ data, upstreamTag, isUnchanged = false, shownRef = '' }: Taggable): Tagged {
    const scope = this.#scopes.of(shownRef);
    if (isUnchanged) {
      const tag = upstreamTag ?? this.#onlyOne(scope);
      return { etag: tag === undefined ? undefined : tagOf(scope, tag), isUnchanged };
    }
    const etag = upstreamTag === undefined ? tagOfText(scope, data.plain()) : tagOf(scope, upstreamTag);
    return { etag, isUnchanged: isKnown(this.#conditions, etag) };
  }

  /** What a 304 without a tag is about. */
  #onlyOne(scope: string): string | undefined {
    const [first, ...more] = upstreamTagsOf(this.#conditions, scope);
    return more.length === 0 ? first : undefined;
  }
}
