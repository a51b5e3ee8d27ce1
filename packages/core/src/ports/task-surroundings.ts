// The port through which keys learn what a task depends on besides its code and arguments: the machine
// that it will run on.

import type { Digest } from "../digest.ts";
import type { Reason } from "../reason.ts";
import type { RuntimeComponent, RuntimeIdentity, RuntimeLevel } from "../runtime.ts";
import type { DagPackages, LoadedPackage, SerializedTask } from "../serialized-dag.ts";
import type { DagFileId } from "./dag-store.ts";

/** The declared files of a task, as of a lookup. */
export interface DeclaredFiles {
  /** Maps each pattern to a digest of the names and contents of the files it matched. */
  readonly digests: Readonly<Record<string, Digest>>;
  /**
   * Maps the path of each file to a prefix of its digest, for explanations. `null` if there are too many
   * files.
   */
  readonly shown: Readonly<Record<string, string>> | null;
  /** Number of files. */
  readonly count: number;
  /** Changes whenever a file is written to, even if its content stays the same. */
  readonly stamp: string;
}

/** The surroundings of a task. `unknown`: its result cannot be cached, and why. */
export type TaskSurroundings =
  | { readonly kind: "known"; readonly runtime: RuntimeComponent; readonly files: DeclaredFiles | null }
  | { readonly kind: "unknown"; readonly reason: Reason };

/** The runtime that a key was computed with, and how much of it counts. */
export interface AttemptRuntime {
  readonly identity: RuntimeIdentity;
  readonly level: RuntimeLevel;
}

/** Inspects the machine on which tasks will run. */
export interface Surroundings {
  /** The runtime against which a worker compares its own. */
  readonly runtime: AttemptRuntime;
  /**
   * Returns the part of a cached task's key that depends on its surroundings. Synchronous, without a
   * promise, for a handler without declared files. Never rejects, and never exceeds its deadline.
   */
  of(file: DagFileId, task: SerializedTask): TaskSurroundings | Promise<TaskSurroundings>;
  /**
   * Returns why the packages that an attempt loaded are not those that its Dag was read with, or cannot
   * be verified. `null` if they are, and have been since `spawnedAt` (milliseconds since the Unix epoch).
   * Never rejects.
   */
  findPackageChange(
    file: DagFileId,
    installed: DagPackages,
    loaded: readonly LoadedPackage[],
    spawnedAt: number | undefined,
  ): Promise<Reason | null>;
}
