// Handles a Dag whose file currently cannot be read: its last good version differs from the file.

import { MemodagError, type DagFileError, type DagStore, type DagVersion } from "@memodag/core";
import { placeOf } from "./dag-file-place.ts";

/** Why a file could not be read. */
export interface DagFileFault extends DagFileError {
  readonly bundle: string;
  readonly path: string;
}

/** The additional JSON fields of a Dag whose file could not be read; empty for any other Dag. */
export interface LastGood {
  /** The Dag is the version from before its file became invalid. */
  readonly lastGood?: true;
  readonly dagFileErrors?: readonly DagFileFault[];
}

/** Checks whether a version is up to date with its file. */
export async function lastGoodOf(dags: DagStore, { file }: DagVersion): Promise<LastGood> {
  const files = await dags.listDagFiles(file.bundle);
  const error = files.find(({ path }) => path === file.path)?.error;
  if (!error) return {};
  return { lastGood: true, dagFileErrors: [{ bundle: file.bundle, path: file.path, ...error }] };
}

/** One line for each file that could not be read. */
export function faultLines({ dagFileErrors = [] }: LastGood): string[] {
  return dagFileErrors.map(({ bundle, path, ...error }) => {
    const place = placeOf(path, error);
    return `${bundle}/${path} could not be read: ${place === path ? "" : `${place}: `}${error.message}`;
  });
}

/**
 * Rejects a Dag whose file could not be read, unless its last good version is wanted.
 * @throws MemodagError `dag_file_invalid`
 */
export function requireReadable(lastGood: LastGood, isWanted: boolean): void {
  if (!lastGood.lastGood || isWanted) return;
  throw new MemodagError(
    "dag_file_invalid",
    `${faultLines(lastGood).join("; ")}: fix it, or pass --last-good to run the version from before`,
    { fields: { files: (lastGood.dagFileErrors ?? []).map(({ bundle, path }) => `${bundle}/${path}`) } },
  );
}
