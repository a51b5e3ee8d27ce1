// Dags as the Dag processor writes them and other components read them. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { CacheStorage } from "../serialized-cache.ts";
import type { SerializedDag } from "../serialized-dag.ts";

/** A Dag file within a bundle. */
export interface DagFileId {
  readonly bundle: string;
  /** Path inside the bundle, with forward slashes. */
  readonly path: string;
}

/** An error in a Dag file. */
export interface DagFileError {
  readonly message: string;
  /** The file that the error points to, which is not always the Dag file itself. */
  readonly file: string | null;
  /** Starts at 1. */
  readonly line: number | null;
  readonly column: number | null;
}

/** A Dag file as last processed. */
export interface DagFile extends DagFileId {
  readonly team: string;
  /**
   * Digest of everything that the file's Dags were built from. If it is unchanged, there is nothing to
   * do.
   */
  readonly fingerprint: string;
  /** The inputs of the fingerprint, written by the processor and opaque to the store. */
  readonly inputs: string;
  readonly error: DagFileError | null;
  readonly warnings: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly processedAt: number;
}

/** The bundled code of a Dag file. */
export interface Artifact {
  /** SHA-256 of `code`. */
  readonly digest: string;
  readonly code: Uint8Array;
}

/** A version of a Dag as stored. */
export interface DagVersion {
  readonly id: number;
  readonly team: string;
  readonly dagId: string;
  /** Digest of the serialized Dag's canonical JSON. */
  readonly digest: string;
  readonly dag: SerializedDag;
  readonly file: DagFileId;
}

/** One line of `dags list`. */
export interface DagSummary {
  readonly team: string;
  readonly dagId: string;
  readonly file: DagFileId;
  readonly versionId: number;
  readonly isPaused: boolean;
  /** Planning state of the schedule: the planned version, `null` if not planned yet, and its dates. */
  readonly plan: {
    readonly versionId: number | null;
    readonly nextDate: number | null;
    readonly lastDate: number | null;
  };
  readonly schedule: string | null;
  readonly tags: readonly string[];
  readonly taskCount: number;
}

/** A part of the code that a task's source hash covers. */
export interface SourceComponent {
  /** `package`: `name` is the name of the package. `captured`: a variable that the handler captured. */
  readonly kind: "asset" | "captured" | "class" | "function" | "package" | "statement" | "variable";
  /** Path of the source, relative to the bundle's folder. Empty for packages and if unknown. */
  readonly path: string;
  readonly name: string;
  /** Version of a package; `null` for anything else. */
  readonly version: string | null;
  readonly digest: string;
}

/** The components of a source hash. */
export interface TaskSourceRecord {
  readonly sourceHash: string;
  /**
   * `whole_graph`: the code that the task reaches could not be determined, so every module of the Dag
   * file counts.
   */
  readonly mode: "slice" | "whole_graph";
  readonly components: readonly SourceComponent[];
}

/** The outcome of processing a Dag file. */
export type ProcessedDagFile =
  | {
      readonly kind: "read";
      readonly file: Omit<DagFile, "error" | "processedAt">;
      readonly artifact: Artifact;
      readonly dags: readonly SerializedDag[];
      /** The records of all source hashes of the Dags' tasks. */
      readonly sources: readonly TaskSourceRecord[];
    }
  | {
      readonly kind: "broken";
      readonly file: Omit<DagFile, "error" | "processedAt">;
      readonly error: DagFileError;
    };

/** Dags, their versions and artifacts. Every method that identifies a Dag takes its team. */
export interface DagStore {
  /**
   * Stores the outcome of processing a file, atomically. A broken file keeps the last good version of its
   * Dags. Dags that a file no longer defines disappear from the list, but their runs are kept.
   */
  saveDagFile(processed: ProcessedDagFile): Promise<void>;
  /** Removes the files of a bundle that are not among `paths`, and their Dags. */
  removeDagFilesExcept(bundle: string, paths: readonly string[]): Promise<void>;
  listDagFiles(bundle?: string): Promise<DagFile[]>;
  listDags(team?: string): Promise<DagSummary[]>;
  /** Returns the latest versions of the Dags with that id. There are several if teams use the same id. */
  findDagVersions(dagId: string, team?: string): Promise<DagVersion[]>;
  /** The stores that tasks of the latest versions of Dags name for their results, each pair once. */
  listCacheStorages(team?: string): Promise<CacheStorage[]>;
  /** @throws MemodagError `dag_not_found` */
  getDagVersion(id: number): Promise<DagVersion>;
  /** Returns what source hashes were computed from. Unknown hashes are missing from the map. */
  findTaskSources(team: string, sourceHashes: readonly string[]): Promise<Map<string, TaskSourceRecord>>;
  /** @throws MemodagError `artifact_not_found` */
  getArtifact(digest: string): Promise<Artifact>;
  /** Resolves to false if there is no such Dag. `act` is recorded in the same transaction. */
  setPaused(team: string, dagId: string, isPaused: boolean, act?: AuditAct): Promise<boolean>;
}
