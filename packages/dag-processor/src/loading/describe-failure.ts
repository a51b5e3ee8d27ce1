// Describes to an author why a Dag file could not be loaded.

import { formatDuration, type DagFileError } from "@memodag/core";
import { pathInBundle } from "../path-in-bundle.ts";
import { CHANNEL_LOST } from "./loader-frames.ts";
import { insteadOfAirflowName } from "./airflow-names.ts";
import { findConstruction } from "./dag-construction.ts";
import { findErrorPlace } from "./error-place.ts";
import type { LoadOutcome } from "./load-dags.ts";
import type { ThrownError } from "./loader-messages.ts";

/** The file that was to be loaded. */
export interface LoadedFile {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  readonly path: string;
  /** Its text. */
  readonly source: string;
  /** The files in its artifact, by absolute path. */
  readonly sources: { has(path: string): boolean };
  /** The time limit. */
  readonly timeoutMs: number;
}

/** Creates an error that points to the file itself and to no line. */
export function errorInFile(file: string, message: string): DagFileError {
  return { message, file, line: null, column: null };
}

/**
 * Describes why a file could not be loaded, pointing to the line of the author's files that caused it.
 */
export function describeFailure(
  failure: Exclude<LoadOutcome, { kind: "loaded" }>,
  { root, path, source, sources, timeoutMs }: LoadedFile,
): DagFileError {
  switch (failure.kind) {
    case "timed_out":
      return errorInFile(
        path,
        `The file was not read within ${formatDuration(timeoutMs)}: move endless loops and long work from its top level into tasks`,
      );
    case "stalled":
      return errorInFile(
        path,
        "The file awaits something at its top level that never happens: correct the await, or move it into a task",
      );
    case "exited":
      return errorInFile(path, describeExit(failure));
    case "disturbed":
      return errorInFile(path, DISTURBED[failure.fault]);
    case "threw": {
      const message = describeThrown(failure.error);
      const place = findErrorPlace(failure.error.stack, sources);
      // A fault of a Dag as a whole, such as a cycle, is found when no line of the author's code is
      // running any more.
      const line = findConstruction(source, failure.error.dagId);
      if (!place) return { ...errorInFile(path, message), line };
      return { message, file: pathInBundle(root, place.path), line: place.line, column: place.column };
    }
  }
}

const DISTURBED = {
  foreign:
    "The file wrote to descriptor 3 while it was read, which it did not open: write to files that it opens itself",
  too_large:
    "The file's Dags are larger than 256 MiB as JSON: split it, and move data into files that tasks read",
  malformed:
    "The file's Dags could not be read: it changed objects that are needed to serialize them; remove that from its top level",
} as const;

function describeExit({ code, signal, stderr }: Extract<LoadOutcome, { kind: "exited" }>): string {
  if (code === CHANNEL_LOST) {
    return "The file closed descriptor 3 while it was read, which it did not open: close only what it opened itself";
  }
  if (signal === null) {
    return `The file ended its process with exit code ${code} while it was read: remove process.exit() from its top level`;
  }
  const last = stderr.trimEnd().split("\n").at(-1);
  const said = last ? `, saying "${last}"` : "";
  return `The process that read the file was ended by ${signal}${said}: move heavy work out of its top level and into tasks`;
}

function describeThrown({ name, message, code }: ThrownError): string {
  // A MemodagError contains its own fix.
  if (code !== null) return message;
  const instead = insteadOfAirflowName(message);
  if (instead !== undefined) return `This is memodag's SDK, not Airflow's: ${message}; ${instead}`;
  return `The file threw while it was read: ${name}: ${message}. Fix it, or move it into a task`;
}
