// Dag files and versions as rows, and back.

import {
  SERIALIZED_DAG_FORMAT,
  MemodagError,
  type DagFile,
  type DagFileError,
  type DagSummary,
  type DagVersion,
  type SerializedDag,
} from "@memodag/core";
import type { Selectable } from "kysely";
import type { DagFileTable, DagTable, DagVersionTable } from "../tables/dag-tables.ts";

/** The file that a row holds. */
export function toDagFile(row: DagFileTable): DagFile {
  return {
    bundle: row.bundle,
    path: row.path,
    team: row.team,
    fingerprint: row.fingerprint,
    inputs: row.inputs,
    error: row.error === null ? null : (JSON.parse(row.error) as DagFileError),
    warnings: JSON.parse(row.warnings) as string[],
    processedAt: row.processed_at,
  };
}

/** Columns of `dag_version` from which a version is made. */
export const VERSION_COLUMNS = [
  "dag_version.id",
  "dag_version.team",
  "dag_version.dag_id",
  "dag_version.digest",
  "dag_version.dag",
  "dag_version.bundle",
  "dag_version.path",
] as const;

/** The version that a row holds. */
export function toDagVersion(
  row: Pick<Selectable<DagVersionTable>, "id" | "team" | "dag_id" | "digest" | "dag" | "bundle" | "path">,
): DagVersion {
  return {
    id: row.id,
    team: row.team,
    dagId: row.dag_id,
    digest: row.digest,
    dag: parseDag(row),
    file: { bundle: row.bundle, path: row.path },
  };
}

/** @throws MemodagError `database_newer` if a later version of memodag wrote it in another format */
function parseDag({
  id,
  dag_id: dagId,
  dag,
}: Pick<Selectable<DagVersionTable>, "id" | "dag_id" | "dag">): SerializedDag {
  const parsed = JSON.parse(dag) as SerializedDag;
  const format: unknown = parsed.format;
  if (format === SERIALIZED_DAG_FORMAT) return parsed;
  throw new MemodagError(
    "database_newer",
    `Version ${id} of Dag "${dagId}" has format ${JSON.stringify(format)}, and this memodag reads format ` +
      `${SERIALIZED_DAG_FORMAT}: use the version of memodag that the Dag processor uses`,
    { fields: { dagId, versionId: id } },
  );
}

/** The summary that a row of `dag` and its latest version hold. */
export function toDagSummary(
  row: Selectable<DagTable> & Pick<DagVersionTable, "schedule" | "tags" | "task_count">,
): DagSummary {
  return {
    team: row.team,
    dagId: row.dag_id,
    file: { bundle: row.bundle, path: row.path },
    versionId: row.version_id,
    isPaused: row.is_paused === 1,
    plan: { versionId: row.planned_version_id, nextDate: row.next_date, lastDate: row.last_date },
    schedule: row.schedule,
    tags: JSON.parse(row.tags) as string[],
    taskCount: row.task_count,
  };
}
