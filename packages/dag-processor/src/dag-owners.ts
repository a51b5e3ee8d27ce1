// Decides which file owns a Dag id if several files of a team define it.

import type { DagFileId } from "@memodag/core";

/** A Dag id and the file that defined it when it was last read. */
export interface OwnedDag {
  readonly dagId: string;
  readonly file: DagFileId;
}

/** A file that has just been read, and the Dags that it defines now. */
export interface ReadFile {
  readonly file: DagFileId;
  readonly dagIds: readonly string[];
}

/** A file that is rejected because another file owns its Dag. */
export interface Refusal {
  readonly file: DagFileId;
  readonly dagId: string;
  readonly owner: DagFileId;
}

/**
 * Finds the files to reject. A file keeps a Dag as long as it defines it; among new files, the first one
 * by path gets it. `owned` contains the team's Dags of all files that still exist.
 */
export function findRefusals(owned: readonly OwnedDag[], read: readonly ReadFile[]): Refusal[] {
  const owners = new Map<string, DagFileId>();
  const readByFile = new Map(read.map((one) => [nameOf(one.file), one]));
  for (const { dagId, file } of owned) {
    const now = readByFile.get(nameOf(file));
    if (!now || now.dagIds.includes(dagId)) owners.set(dagId, file);
  }
  const refusals: Refusal[] = [];
  for (const { file, dagIds } of [...read].sort((a, b) => (nameOf(a.file) < nameOf(b.file) ? -1 : 1))) {
    const refused = dagIds
      .map((dagId) => ({ dagId, owner: owners.get(dagId) ?? file }))
      .find(({ owner }) => nameOf(owner) !== nameOf(file));
    if (refused) refusals.push({ file, ...refused });
    else for (const dagId of dagIds) owners.set(dagId, file);
  }
  return refusals;
}

/** A file's name among those of all bundles, for comparison. */
export function nameOf({ bundle, path }: DagFileId): string {
  return JSON.stringify([bundle, path]);
}
