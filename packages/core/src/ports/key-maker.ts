// The port between the scheduler and the processes in which authors' key functions run.

import type { Digest } from "../digest.ts";
import type { DagInputs, LoadedPackage, NamedTemplate } from "../serialized-dag.ts";
import type { DagFileId } from "./dag-store.ts";
import type { AttemptContext, AttemptInput } from "./executor.ts";

/** The properties of a run that a key function may read. */
export type KeyContext = Omit<AttemptContext, "dag" | "task" | "taskInstance"> & {
  readonly taskInstance: { readonly mapIndex: number };
};

/** A question to a task's key function. */
export interface KeyQuestion {
  readonly taskId: string;
  /** All arguments, as an attempt has them. */
  readonly args: readonly NamedTemplate[];
  /** `null` for a pure function. */
  readonly context: KeyContext | null;
}

/** Questions to key functions of one Dag. Plain JSON, as an attempt is. */
export interface KeyOrder {
  readonly team: string;
  readonly dagId: string;
  readonly file: DagFileId;
  readonly artifactDigest: Digest;
  /** Inputs of the Dag's code besides the artifact: a process that has loaded others is not asked. */
  readonly inputs: DagInputs | undefined;
  /** The values that arguments refer to, by the name that they have for them. */
  readonly results: readonly (readonly [name: string, input: AttemptInput])[];
  readonly questions: readonly KeyQuestion[];
}

/** The answer of a key function. `none`: the result is not to be cached. */
export type KeyAnswer =
  /** As canonical JSON. */
  | { readonly kind: "key"; readonly json: string }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly what: string }
  | { readonly kind: "late" };

/** The answers of an order, and what they were made with. */
export interface KeyAnswers {
  /** In the order of the questions. */
  readonly answers: readonly KeyAnswer[];
  /** Packages that the answering process had loaded, and its start in milliseconds since the Unix epoch. */
  readonly packages: readonly LoadedPackage[];
  readonly spawnedAt?: number;
  /** Processes that were started for the order. */
  readonly processesStarted: number;
}

/** Calls key functions. */
export interface KeyMaker {
  /** Whatever answers may depend on besides the function and its arguments, such as the version of Node. */
  readonly runtime: string;
  /** Asks the functions. What has no answer in `timeoutMs` milliseconds is late. Never rejects. */
  ask(order: KeyOrder, timeoutMs: number): Promise<KeyAnswers>;
}

/** Answers of pure key functions that are remembered. */
export interface KeyMemos {
  /** The answers by digest of function and arguments, as canonical JSON. */
  find(team: string, memos: readonly Digest[]): Promise<ReadonlyMap<Digest, string>>;
  put(team: string, answers: ReadonlyMap<Digest, string>): Promise<void>;
}

/** Characters of an answer as JSON, at most. */
export const LONGEST_KEY_ANSWER: number = 64 * 1024;
