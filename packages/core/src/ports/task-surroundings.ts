// What a task depends on where it will run, beside its code and its arguments: the port of keys to machines.

import type { Digest } from "../digest.ts";
import type { Reason } from "../reason.ts";
import type { RuntimeComponent, RuntimeIdentity, RuntimeLevel } from "../runtime.ts";
import type { DagPackages, LoadedPackage, SerializedTask } from "../serialized-dag.ts";
import type { DagFileId } from "./dag-store.ts";

/** The files that a task declared, as they were when they were looked at. */
export interface DeclaredFiles {
  /** Pattern → digest of which files it matched and what was in them. */
  readonly digests: Readonly<Record<string, Digest>>;
  /** The beginning of each file's digest by its path, for explanations; `null` when they are too many. */
  readonly shown: Readonly<Record<string, string>> | null;
  /** How many files there are. */
  readonly count: number;
  /** Other than before when a file was written to meanwhile, even with what was in it. */
  readonly stamp: string;
}

/** What is known of a task's surroundings; `unknown`: its result cannot be cached, and why. */
export type TaskSurroundings =
  | { readonly kind: "known"; readonly runtime: RuntimeComponent; readonly files: DeclaredFiles | null }
  | { readonly kind: "unknown"; readonly reason: Reason };

/** The runtime that a key was made with, and how much of it counts. */
export interface AttemptRuntime {
  readonly identity: RuntimeIdentity;
  readonly level: RuntimeLevel;
}

/** Looks at the machine on which tasks will run. */
export interface Surroundings {
  /** What a worker compares its own runtime with. */
  readonly runtime: AttemptRuntime;
  /**
   * What the key of a cached task of that Dag file has of its surroundings. At once, without a promise, for
   * a handler that declared no files. Never rejects, and never takes longer than its deadline.
   */
  of(file: DagFileId, task: SerializedTask): TaskSurroundings | Promise<TaskSurroundings>;
  /**
   * Why the packages that an attempt loaded are not those that its Dag was read with, or cannot be told to
   * be; `null`: they are, and were all the while since `spawnedAt` (milliseconds since the Unix epoch). Never
   * rejects.
   */
  findPackageChange(
    file: DagFileId,
    installed: DagPackages,
    loaded: readonly LoadedPackage[],
    spawnedAt: number | undefined,
  ): Promise<Reason | null>;
}
