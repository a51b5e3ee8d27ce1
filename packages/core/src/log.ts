// Where parts of memodag say what they do.

import type { ErrorField } from "./errors.ts";

/** Facts that stand beside a message. */
export type LogFields = Readonly<Record<string, ErrorField>>;

/** Takes messages with their facts; what becomes of them is the caller's choice. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => undefined;

/** A logger that keeps silent. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
