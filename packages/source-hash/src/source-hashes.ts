// A source hash and its components.

import type { Digest, PackageVersion, SourceComponent } from "@memodag/core";

/** The source hash of one task. */
export interface TaskSource {
  readonly hash: Digest;
  /**
   * `whole_graph` if the code that the task reaches could not be determined: the hash covers every module
   * of the Dag file.
   */
  readonly mode: "slice" | "whole_graph";
  readonly components: readonly SourceComponent[];
  /** Reachable code that could not be determined; empty for a slice. */
  readonly doubts: readonly string[];
  /** Why it covers the whole graph, and other problems that the author should fix. */
  readonly warnings: readonly string[];
}

/** A statement that is part of every task's hash, because it may change what other code does. */
export interface ImpureStatement {
  readonly path: string;
  /** Starts at 1; 0 if unknown. */
  readonly line: number;
  /** Its first line in the artifact. */
  readonly text: string;
  /** Why its effect is unknown, such as `it calls set of "settings"`. */
  readonly reason: string;
}

/** Something that an attempt would leave in its process, or that cannot be shown to leave nothing. */
export interface KeptInProcess {
  readonly path: string;
  /** Starts at 1; 0 if unknown. */
  readonly line: number;
  /** Starts at 1; 0 if unknown. */
  readonly column: number;
  /** Completes "it", such as `sets the variable total, which exists before the attempt and after it`. */
  readonly reason: string;
}

/** The source hashes of a Dag file. */
export interface SourceHashes {
  /** By the key of the located handler. */
  readonly tasks: ReadonlyMap<string, TaskSource>;
  readonly impureStatements: readonly ImpureStatement[];
  /** By the keys of `reused` in the request, in the order of the artifact. Absent: nothing. */
  readonly kept: ReadonlyMap<string, readonly KeptInProcess[]>;
  /** Every package that the hashes cover, with its version: the packages that a task may load. */
  readonly packages: readonly PackageVersion[];
}
