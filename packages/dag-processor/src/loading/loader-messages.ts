// What the Dag processor and the process that reads a Dag file say to each other.

import type { PackageFolder } from "@memodag/artifact";
import type { SerializedDag } from "@memodag/core";
import type { LocatedHandlers } from "@memodag/source-hash";
import type { NotedInputs } from "./note-inputs.ts";

/** What to load. */
export interface LoadRequest {
  /** The artifact's file. */
  readonly path: string;
  readonly digest: string;
  /** The Dag file's folder. */
  readonly baseDir: string;
  /** Names whose values no error shows; see `secretTest`. */
  readonly secretPatterns: readonly string[];
  /** What its answers begin with: a Dag file cannot know it. */
  readonly token: string;
}

/** An error that was thrown in the other process. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  /** A `MemodagError`'s code; `null` for any other error. */
  readonly code: string | null;
  /** The Dag that a `MemodagError` is about; `null` where it names none. */
  readonly dagId: string | null;
  /** With places mapped to the sources. */
  readonly stack: string;
}

/** What a loader found in an artifact. */
export interface LoadedDags {
  /** Every task's `sourceHash` is empty, and so are a command's `files`: who asked fills them in. */
  readonly dags: readonly SerializedDag[];
  /** True when the file exports a function: it may be there for other files to import. */
  readonly exportsFunction: boolean;
  readonly packages: readonly PackageFolder[];
  /** The handler of every task that has one, under its {@link handlerKey}. */
  readonly located: LocatedHandlers;
  /** What was read while the file was loaded. */
  readonly noted: NotedInputs;
}

/** The name of a task's handler among all of a file. */
export function handlerKey(dagId: string, taskId: string): string {
  return JSON.stringify([dagId, taskId]);
}

/** Sent when a loader is about to load: whatever comes after is the Dag file's doing. */
export interface LoaderStarted {
  readonly kind: "started";
}

/** A loader's last message. */
export type LoadAnswer =
  | ({ readonly kind: "loaded" } & LoadedDags)
  | { readonly kind: "threw"; readonly error: ThrownError }
  /** The file waits for something, and nothing is under way that could bring it. */
  | { readonly kind: "stalled" };
