// The logging interface.

import type { ErrorField } from "./errors.ts";

/** Structured fields of a log message. */
export type LogFields = Readonly<Record<string, ErrorField>>;

/** Receives log messages with their fields. The caller decides where they go. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => undefined;

/** A logger that discards all messages. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
