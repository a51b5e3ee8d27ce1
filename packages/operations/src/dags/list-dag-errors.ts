// Lists the Dag files that could not be read.

import type { OperationContext } from "../context.ts";
import type { DagFileError } from "@memodag/core";

/** A Dag file that could not be read, and why. */
export interface DagErrorReport extends Pick<DagFileError, "file" | "line" | "column" | "message"> {
  readonly bundle: string;
  readonly path: string;
  readonly team: string;
}

/** Lists all of them, or those of a team. */
export async function listDagErrors(
  { stores }: OperationContext,
  { team: wanted }: { readonly team?: string | undefined },
): Promise<DagErrorReport[]> {
  const files = await stores.dags.listDagFiles();
  return files.flatMap(({ bundle, path, team, error }) => {
    if (error === null || (wanted !== undefined && team !== wanted)) return [];
    const { file, line, column, message } = error;
    return [{ bundle, path, team, file, line, column, message }];
  });
}
