// Turns what was read from a bundle's files into what is saved of it: who may have which Dag, in which order.

import type { DagFileId } from "@memodag/core";
import { findRefusals, nameOf, type OwnedDag } from "./dag-owners.ts";
import { NO_FINGERPRINT } from "./fingerprint.ts";
import type { DagFileOutcome } from "./process-dag-file.ts";

/** A file of the bundle and what came of it. */
export interface ProcessedFile {
  readonly path: string;
  readonly outcome: DagFileOutcome;
}

/**
 * Makes files broken whose dag ids belong to others, and puts all in the order in which they are to be
 * saved. `owned` holds the team's Dags as stored.
 */
export function settleOwners(
  bundle: string,
  processed: readonly ProcessedFile[],
  owned: readonly OwnedDag[],
): ProcessedFile[] {
  return inOrderOfSaving(bundle, refuseTaken(bundle, processed, owned), owned);
}

/** Turns files whose dag ids belong to others into broken ones. */
function refuseTaken(
  bundle: string,
  processed: readonly ProcessedFile[],
  owned: readonly OwnedDag[],
): ProcessedFile[] {
  const read = processed.flatMap(({ path, outcome }) =>
    outcome.kind === "read" ? [{ file: { bundle, path }, dagIds: idsOf(outcome) }] : [],
  );
  const refusals = new Map(findRefusals(owned, read).map((refusal) => [refusal.file.path, refusal]));
  return processed.map(({ path, outcome }) => {
    const refusal = refusals.get(path);
    if (!refusal) return { path, outcome };
    const message = `The Dag "${refusal.dagId}" of ${label({ bundle, path })} is already defined in ${label(refusal.owner)}: give one of them another id`;
    return {
      path,
      outcome: {
        kind: "broken",
        // It may have the id as soon as the other file gives it up.
        fingerprint: NO_FINGERPRINT,
        error: { message, file: path, line: null, column: null },
        warnings: outcome.warnings,
      },
    };
  });
}

/** Files that give Dags up come first, so that a Dag that moved is free when its new file is saved. */
function inOrderOfSaving(
  bundle: string,
  processed: readonly ProcessedFile[],
  owned: readonly OwnedDag[],
): ProcessedFile[] {
  const givesUp = ({ path, outcome }: ProcessedFile): boolean =>
    outcome.kind === "read" &&
    owned.some(
      ({ dagId, file }) => nameOf(file) === nameOf({ bundle, path }) && !idsOf(outcome).includes(dagId),
    );
  return [...processed.filter(givesUp), ...processed.filter((one) => !givesUp(one))];
}

/** Ids of the Dags that a file defines. */
export function idsOf({ dags }: Extract<DagFileOutcome, { kind: "read" }>): string[] {
  return dags.map(({ dagId }) => dagId);
}

function label({ bundle, path }: DagFileId): string {
  return `${path} (bundle ${bundle})`;
}
