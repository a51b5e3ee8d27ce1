// The tables of Dags, as Kysely sees them. The migrations make them.

import type { Generated } from "kysely";

/** A Dag file as last processed. */
export interface DagFileTable {
  bundle: string;
  path: string;
  team: string;
  fingerprint: string;
  inputs: string;
  /** JSON; `null` when the file was read. */
  error: string | null;
  /** JSON list of texts. */
  warnings: string;
  processed_at: number;
}

/** The code of a Dag file, bundled. */
interface DagArtifactTable {
  digest: string;
  code: Uint8Array;
  created_at: number;
}

/** Every content that a Dag has had. */
export interface DagVersionTable {
  id: Generated<number>;
  team: string;
  dag_id: string;
  digest: string;
  /** JSON of the serialized Dag. */
  dag: string;
  artifact_digest: string;
  bundle: string;
  path: string;
  schedule: string | null;
  /** JSON list of texts. */
  tags: string;
  task_count: number;
  max_active_runs: number;
  created_at: number;
}

/** A Dag by name; inactive when no file defines it any more. */
export interface DagTable {
  team: string;
  dag_id: string;
  bundle: string;
  path: string;
  version_id: number;
  is_paused: Generated<number>;
  is_active: Generated<number>;
  /** The version that the schedule was planned for; see `DueDag`. */
  planned_version_id: number | null;
  next_date: number | null;
  last_date: number | null;
}

/** The contents of a source hash. */
interface TaskSourceTable {
  team: string;
  source_hash: string;
  mode: string;
  /** JSON. */
  components: string;
  created_at: number;
}

/** By name. */
export interface DagTables {
  dag_file: DagFileTable;
  dag_artifact: DagArtifactTable;
  dag_version: DagVersionTable;
  dag: DagTable;
  task_source: TaskSourceTable;
}
