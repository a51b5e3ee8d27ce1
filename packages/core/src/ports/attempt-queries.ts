// The port through which running attempts ask the scheduler: each for its own team and run.

import type { HumanQuestion } from "../human-request.ts";
import type { JsonValue } from "../json/json-value.ts";
import type { EntryAnswer, EntryRequest } from "./entry-requests.ts";
import type { Attempt } from "./executor.ts";
import type { StoredRequest } from "./human-store.ts";

/** Selects an XCom of an attempt's run. */
export interface XComAddress {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
}

/** Queries of running attempts, each restricted to its own team and run. */
export interface AttemptQueries {
  /** Returns the canonical JSON of an XCom, or `undefined`. */
  findXCom(attempt: Attempt, address: XComAddress): Promise<Uint8Array | undefined>;
  /**
   * Returns the same, or opens a large one whose store can read it in parts: the chunks fail before their end if it is
   * damaged. Absent: all are read whole.
   */
  openXCom?(attempt: Attempt, address: XComAddress): Promise<Uint8Array | OpenXCom | undefined>;
  /** Returns the value of a configured variable, or `undefined`. */
  findVariable(attempt: Attempt, name: string): Promise<string | undefined>;
  /** Returns the attempt's request to a person, or `undefined` if its try has none yet. */
  askHuman?(attempt: Attempt, question: HumanQuestion): Promise<StoredRequest | undefined>;
  /**
   * Calls a method of a value cache; leases that it takes are the attempt's. If absent, there are no value caches.
   * @throws MemodagError `value_cache_not_found`, `usage`
   */
  callValueCache?(attempt: Attempt, call: ValueCacheCall): Promise<JsonValue>;
  /**
   * Answers a request about entries of job caches. Absent: there are none.
   * @throws MemodagError that fails the task's call
   */
  askEntries?(attempt: Attempt, request: EntryRequest, bytes: Uint8Array | null): Promise<EntryAnswer>;
  /** Called when the process of an attempt is gone: what it held is free. */
  attemptEnded?(attempt: Attempt): void;
}

/** An XCom that is read in parts. */
export interface OpenXCom {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A call of a value cache by a running attempt, which is not trusted. */
export interface ValueCacheCall {
  readonly cache: string;
  readonly method: string;
  readonly args: readonly JsonValue[];
}
