// What an author reads when a Dag file could not be loaded.

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
  /** How long it was given. */
  readonly timeoutMs: number;
}

/** An error that has no place in a file but the file itself. */
export function errorInFile(file: string, message: string): DagFileError {
  return { message, file, line: null, column: null };
}

/** Says why a file could not be loaded, at the place in the author's files that it comes from. */
export function describeFailure(
  failure: Exclude<LoadOutcome, { kind: "loaded" }>,
  { root, path, source, sources, timeoutMs }: LoadedFile,
): DagFileError {
  switch (failure.kind) {
    case "timed_out":
      return errorInFile(
        path,
        `The file was not read within ${formatDuration(timeoutMs)}: take endless loops and long work out of its top level and into tasks`,
      );
    case "stalled":
      return errorInFile(
        path,
        "The file waits at its top level for what never comes: mend the await, or move it into a task",
      );
    case "exited":
      return errorInFile(path, describeExit(failure));
    case "disturbed":
      return errorInFile(path, DISTURBED[failure.fault]);
    case "threw": {
      const message = describeThrown(failure.error);
      const place = findErrorPlace(failure.error.stack, sources);
      // What is wrong with a Dag as a whole, a cycle, is found when no line of the author's runs any more.
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
    "What was read from the file is no Dag: it changed what Dags are written down with; take that out of its top level",
} as const;

function describeExit({ code, signal, stderr }: Extract<LoadOutcome, { kind: "exited" }>): string {
  if (code === CHANNEL_LOST) {
    return "The file closed descriptor 3 while it was read, which it did not open: close only what it opened itself";
  }
  if (signal === null) {
    return `The file ended its process with exit code ${code} while it was read: take process.exit() out of its top level`;
  }
  const last = stderr.trimEnd().split("\n").at(-1);
  const said = last ? `, saying "${last}"` : "";
  return `The process that read the file was ended by ${signal}${said}: move heavy work out of its top level and into tasks`;
}

function describeThrown({ name, message, code }: ThrownError): string {
  // A MemodagError tells its own mend.
  if (code !== null) return message;
  const instead = insteadOfAirflowName(message);
  if (instead !== undefined) return `This is memodag's SDK, not Airflow's: ${message}; ${instead}`;
  return `The file threw while it was read: ${name}: ${message}. Mend it, or move it into a task`;
}
