// The declarations of a cached task besides its arguments, and transactions, as `dags show` lists them.

import { isolationNotes, vouchedFor, type DagTaskReport } from "@memodag/operations/dags";
import { formatDuration, type SerializedTransaction } from "@memodag/core";

/** Returns notes on its key and on how results are kept, then on the dependencies that its author vouches for. */
export function declarationNotes({ taskId, cache, reuse }: DagTaskReport): string[] {
  const shared = reuse ? [`one process runs many attempts of ${taskId}`] : [];
  if (!cache) return shared;
  const { files = [], reads = [], mode, expires } = cache;
  return [
    ...shared.map((note) => `${note}, whose code leaves nothing in it`),
    ...(files.length > 0 ? [`the files of ${taskId}, ${files.join(", ")}, are in its cache key`] : []),
    ...(reads.length > 0
      ? [`the entries of ${taskId}, ${reads.map(({ pattern }) => pattern).join(", ")}, are in its cache key`]
      : []),
    ...(mode === undefined ? [] : [`the cache mode of ${taskId} is ${mode}`]),
    ...(expires
      ? [
          "afterMs" in expires
            ? `results of ${taskId} expire ${formatDuration(expires.afterMs)} after they were stored`
            : `results of ${taskId} expire at the next date of ${expires.schedule}`,
        ]
      : []),
    ...isolationNotes(taskId, cache),
    ...vouchedFor(taskId, cache),
  ];
}

/** Returns a note on a transaction, such as `transaction load: fetch, check; committed when check returns true`. */
export function transactionNote({ transactionId, taskIds, commit, cache }: SerializedTransaction): string {
  const when =
    commit === "lazy"
      ? "committed when all have ended well"
      : commit === "eager"
        ? "eager: each result is stored at once"
        : `committed when ${commit.taskId} returns true`;
  const record = cache ? "; one record for all" : "";
  return `transaction ${transactionId}: ${taskIds.join(", ")}; ${when}${record}`;
}
