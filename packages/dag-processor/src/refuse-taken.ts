// Rejects files whose Dag ids belong to other files, before they are stored.

import type { DagFileId } from "@memodag/core";
import { findRefusals, type OwnedDag } from "./dag-owners.ts";
import { NO_FINGERPRINT } from "./fingerprint.ts";
import type { DagFileOutcome, ReadOutcome } from "./process-dag-file.ts";

/** A file of the bundle and its outcome. */
export interface ProcessedFile {
  readonly path: string;
  readonly outcome: DagFileOutcome;
}

/** Marks files as broken whose Dag ids belong to others. `owned` contains the team's stored Dags. */
export function refuseTaken(
  bundle: string,
  processed: readonly ProcessedFile[],
  owned: readonly OwnedDag[],
): ProcessedFile[] {
  const read = processed.flatMap(({ path, outcome }) =>
    outcome.kind === "read" ? [{ file: { bundle, path }, dagIds: idsOf(outcome) }] : [],
  );
  const refusals = new Map(findRefusals(owned, read).map((refusal) => [refusal.file.path, refusal]));
  return processed.map((file) => {
    const refusal = refusals.get(file.path);
    if (!refusal) return file;
    const where = `${label({ bundle, path: file.path })} is already defined in ${label(refusal.owner)}`;
    return refuse(file, `The Dag "${refusal.dagId}" of ${where}: give one of them another id`);
  });
}

/** Marks a file as broken that was read but may not have one of its Dags. */
export function refuse({ path, outcome }: ProcessedFile, message: string): ProcessedFile {
  const error = { message, file: path, line: null, column: null };
  // It may have the id as soon as the other file releases it.
  const fingerprint = NO_FINGERPRINT;
  return { path, outcome: { kind: "broken", fingerprint, error, warnings: outcome.warnings } };
}

/** Returns the ids of the Dags that a file defines. */
export function idsOf({ dags }: ReadOutcome): string[] {
  return dags.map(({ dagId }) => dagId);
}

function label({ bundle, path }: DagFileId): string {
  return `${path} (bundle ${bundle})`;
}
