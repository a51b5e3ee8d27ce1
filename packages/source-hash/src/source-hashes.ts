// A source hash and its components.

import type { Digest, PackageVersion, SourceComponent } from "@memodag/core";

/** The source hash of one task. */
export interface TaskSource {
  readonly hash: Digest;
  /** `whole_graph` when what the task reaches could not be told: every module of the Dag file is in the hash. */
  readonly mode: "slice" | "whole_graph";
  readonly components: readonly SourceComponent[];
  /** Reachable code that could not be determined; empty for a slice. */
  readonly doubts: readonly string[];
  /** Why it covers the whole graph, and other problems that the author should fix. */
  readonly warnings: readonly string[];
}

/** A statement that is in every task's hash, because running it may change what other code does. */
export interface ImpureStatement {
  readonly path: string;
  /** From 1; 0 when unknown. */
  readonly line: number;
  /** Its first line in the artifact. */
  readonly text: string;
  /** Why what it changes cannot be told, such as `it calls set of "settings"`. */
  readonly reason: string;
}

/** The source hashes of a Dag file. */
export interface SourceHashes {
  /** By the key that the handler was located under. */
  readonly tasks: ReadonlyMap<string, TaskSource>;
  readonly impureStatements: readonly ImpureStatement[];
  /** Every package that the hashes were taken of, at its version: those that a task may load. */
  readonly packages: readonly PackageVersion[];
}
