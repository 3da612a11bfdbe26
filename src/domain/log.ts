/** What the rooms say to the operator. pino has this shape; a test hands in its own. Never a key, never a password. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
