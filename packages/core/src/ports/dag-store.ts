// What the Dag processor writes and everybody else reads about Dags. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { SerializedDag } from "../serialized-dag.ts";

/** A Dag file within a bundle. */
export interface DagFileId {
  readonly bundle: string;
  /** Path inside the bundle, with forward slashes. */
  readonly path: string;
}

/** What went wrong in a Dag file. */
export interface DagFileError {
  readonly message: string;
  /** The file the error points at; not always the Dag file itself. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  readonly column: number | null;
}

/** A Dag file as last processed. */
export interface DagFile extends DagFileId {
  readonly team: string;
  /** Digest over everything the file's Dags were built from; unchanged means nothing to do. */
  readonly fingerprint: string;
  /** What the fingerprint was taken of: the processor's own record, opaque to the store. */
  readonly inputs: string;
  readonly error: DagFileError | null;
  readonly warnings: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly processedAt: number;
}

/** The code of a Dag file, bundled. */
export interface Artifact {
  /** sha256 of `code`. */
  readonly digest: string;
  readonly code: Uint8Array;
}

/** A version of a Dag, as stored. */
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
  /** How far its schedule was planned: for which version, `null` for none yet, and to which dates. */
  readonly plan: {
    readonly versionId: number | null;
    readonly nextDate: number | null;
    readonly lastDate: number | null;
  };
  readonly schedule: string | null;
  readonly tags: readonly string[];
  readonly taskCount: number;
}

/** A part of what a task's source hash covers. */
export interface SourceComponent {
  /** `package`: `name` is the package's; `captured`: a variable that the handler captured. */
  readonly kind: "asset" | "captured" | "class" | "function" | "package" | "statement" | "variable";
  /** Of the source, relative to the bundle's folder; empty for packages and where it is unknown. */
  readonly path: string;
  readonly name: string;
  /** A package's; `null` for anything else. */
  readonly version: string | null;
  readonly digest: string;
}

/** What a source hash is made of. */
export interface TaskSourceRecord {
  readonly sourceHash: string;
  /** `whole_graph`: what the task reaches could not be told, so every module of the Dag file counts. */
  readonly mode: "slice" | "whole_graph";
  readonly components: readonly SourceComponent[];
}

/** What came of processing a Dag file. */
export type ProcessedDagFile =
  | {
      readonly kind: "read";
      readonly file: Omit<DagFile, "error" | "processedAt">;
      readonly artifact: Artifact;
      readonly dags: readonly SerializedDag[];
      /** Of every source hash among the Dags' tasks. */
      readonly sources: readonly TaskSourceRecord[];
    }
  | {
      readonly kind: "broken";
      readonly file: Omit<DagFile, "error" | "processedAt">;
      readonly error: DagFileError;
    };

/** Dags, their versions and artifacts. Every method that names a Dag takes its team. */
export interface DagStore {
  /**
   * Records what came of a file, all or nothing. A broken file keeps its Dags' last good version;
   * Dags that a read file no longer defines are gone from the list, with their runs kept.
   */
  saveDagFile(processed: ProcessedDagFile): Promise<void>;
  /** Forgets files of a bundle that are not among `paths`, and their Dags. */
  removeDagFilesExcept(bundle: string, paths: readonly string[]): Promise<void>;
  listDagFiles(bundle?: string): Promise<DagFile[]>;
  listDags(team?: string): Promise<DagSummary[]>;
  /** The latest versions of Dags with that id: several when teams share it. */
  findDagVersions(dagId: string, team?: string): Promise<DagVersion[]>;
  /** @throws MemodagError `dag_not_found` */
  getDagVersion(id: number): Promise<DagVersion>;
  /** What source hashes are made of; hashes that are not known are not in the map. */
  findTaskSources(team: string, sourceHashes: readonly string[]): Promise<Map<string, TaskSourceRecord>>;
  /** @throws MemodagError `artifact_not_found` */
  getArtifact(digest: string): Promise<Artifact>;
  /** Resolves to false when there is no such Dag. `act` is written down in the same transaction. */
  setPaused(team: string, dagId: string, isPaused: boolean, act?: AuditAct): Promise<boolean>;
}
