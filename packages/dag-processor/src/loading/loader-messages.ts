// The messages between the Dag processor and the process that loads a Dag file.

import type { PackageFolder } from "@memodag/artifact";
import type { SerializedDag } from "@memodag/core";
import type { LocatedHandlers } from "@memodag/source-hash";
import type { NotedInputs } from "./note-inputs.ts";

/** A request to load an artifact. */
export interface LoadRequest {
  /** The artifact's file. */
  readonly path: string;
  readonly digest: string;
  /** The Dag file's folder. */
  readonly baseDir: string;
  /** Names whose values are redacted in errors; see `secretTest`. */
  readonly secretPatterns: readonly string[];
  /** The token that answers begin with. A Dag file cannot know it. */
  readonly token: string;
}

/** An error that was thrown in the other process. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  /** The code of a `MemodagError`; `null` for any other error. */
  readonly code: string | null;
  /** The Dag of a `MemodagError`; `null` if it names none. */
  readonly dagId: string | null;
  /** With positions mapped to the sources. */
  readonly stack: string;
}

/** The Dags that a loader found in an artifact. */
export interface LoadedDags {
  /**
   * The `sourceHash` of every task and the `files` of every command are empty; the caller fills them in.
   */
  readonly dags: readonly SerializedDag[];
  /** True if the file exports a function, which may be meant for other files. */
  readonly exportsFunction: boolean;
  readonly packages: readonly PackageFolder[];
  /** The handler of every task that has one, by {@link handlerKey}, and key functions by {@link keyFunctionKey}. */
  readonly located: LocatedHandlers;
  /** Inputs that were read while the file was loaded. */
  readonly noted: NotedInputs;
}

/** Returns the name of a task's handler, unique within a file. */
export function handlerKey(dagId: string, taskId: string): string {
  return JSON.stringify([dagId, taskId]);
}

/** Returns the name of a task's key function, likewise. */
export function keyFunctionKey(dagId: string, taskId: string): string {
  return JSON.stringify([dagId, taskId, "key"]);
}

/** Sent when a loader is about to load: the Dag file is responsible for everything after it. */
export interface LoaderStarted {
  readonly kind: "started";
}

/** A loader's last message. */
export type LoadAnswer =
  | ({ readonly kind: "loaded" } & LoadedDags)
  | { readonly kind: "threw"; readonly error: ThrownError }
  /** The file awaits something, but nothing is pending that could resolve it. */
  | { readonly kind: "stalled" };
