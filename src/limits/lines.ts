/** What waits of each account, in the order it came, with one thing at a time under way for each. */
export interface Lines<Item> {
  /** Adds one; `serve` is called for its account as soon as nothing else of it is under way. */
  join(accountId: string, item: Item): void;
  /** Runs `work` unless something of the account is under way; whether it did. */
  alone(accountId: string, work: () => Promise<void>): Promise<boolean>;
}

interface Line<Item> {
  readonly waiting: Item[];
  isMoving: boolean;
}

/** `serve` takes what it can from `waiting`; it is called until nothing is left there. Never rejects. */
export function createLines<Item>(serve: (accountId: string, waiting: Item[]) => Promise<void>): Lines<Item> {
  const lines = new Map<string, Line<Item>>();

  const lineOf = (accountId: string): Line<Item> => {
    let line = lines.get(accountId);
    if (line === undefined) {
      line = { waiting: [], isMoving: false };
      lines.set(accountId, line);
    }
    return line;
  };

  const move = async (accountId: string, line: Line<Item>): Promise<void> => {
    line.isMoving = true;
    while (line.waiting.length > 0) await serve(accountId, line.waiting);
    line.isMoving = false;
    lines.delete(accountId);
  };

  return {
    join: (accountId, item) => {
      const line = lineOf(accountId);
      line.waiting.push(item);
      if (!line.isMoving) void move(accountId, line);
    },
    alone: async (accountId, work) => {
      const line = lineOf(accountId);
      if (line.isMoving) return false;
      line.isMoving = true;
      try {
        await work();
        return true;
      } finally {
        await move(accountId, line);
      }
    },
  };
}
