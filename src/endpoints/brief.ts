/** An object of an answer, its numbers as they came. */
export type Item = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, (item: Item) => unknown>>;

/** What people read of an answer, for agents, whose room is small. */
export interface Brief {
  /** The names it consists of. */
  readonly names: readonly string[];
  /** One object, or one of a list; what is absent or null stays away. */
  of(item: Item): Item;
  /** Only where `data` is a list. */
  readonly list?: {
    /** Where in `data` they stand. */
    readonly key: string;
    /** What tells one from another as long as it exists. */
    readonly id: string;
    /** What is told beside them. */
    beside(data: Item): Item;
  };
}

export interface ListOptions {
  readonly id: string;
  readonly key?: string;
  readonly beside?: Fields;
}

/** The brief of one object. */
export const brief = (fields: Fields): Brief => ({
  names: Object.keys(fields),
  of: (item) => chosen(fields, item),
});

/** The brief of a list of such objects, a page of Bitbucket's unless told otherwise. */
export const briefList = (
  one: Brief,
  { id, key = 'values', beside = PAGE_FIELDS }: ListOptions,
): Required<Brief> => ({
  ...one,
  list: { key, id, beside: (data) => chosen(beside, data) },
});

function chosen(fields: Fields, item: Item): Item {
  const pairs = Object.entries(fields).map(([name, read]) => [name, read(item)] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined && value !== null));
}

/** What stands at `path`, or undefined where the way there ends. */
export function valueAt(item: Item, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Item)[name]
        : undefined,
    item,
  );
}

/** Reads what stands at `path`. */
export const field =
  (...path: readonly string[]) =>
  (item: Item): unknown =>
    valueAt(item, ...path);

/** Reads the first line of the text at `path`, as far as `length` characters. */
export const line =
  (path: readonly string[], length: number) =>
  (item: Item): unknown => {
    const text = valueAt(item, ...path);
    return typeof text === 'string' ? clipped(text.split('\n', 1)[0] ?? '', length) : undefined;
  };

/** At most `length` characters, the last an ellipsis where some are missing; never half a character. */
export function clipped(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

const PAGE_FIELDS: Fields = { page: field('page'), pagelen: field('pagelen'), size: field('size') };
