// Loggers whose messages are notes to the user at the terminal.

import type { Logger } from "@memodag/core";
import { lineLogger } from "@memodag/deployment/logging";
import { printNote } from "./print.ts";

const ignore = (): void => undefined;

/** Of operations: warnings in full sentences, as they are. */
export const noteLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: (message) => printNote(message),
  error: (message) => printNote(message),
};

/** Of stores: warnings as lines of a log. */
export const storeLogger: Logger = lineLogger(printNote, () => "warn");
