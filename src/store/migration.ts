/**
 * One step of a room's tables, forward only. Each room that keeps something owns its tables and numbers its steps
 * from 1; who opens the store hands in the steps of all rooms, so that `store/` needs to know none of them.
 */
export interface Migration {
  readonly room: string;
  /** 1, 2, 3 … within the room. */
  readonly version: number;
  /** Statements separated by `;`, run in one transaction with the step's own record. */
  readonly sql: string;
}
