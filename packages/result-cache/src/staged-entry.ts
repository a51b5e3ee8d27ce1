// A result whose storing was put off: its values are where runs have them, and are read only if they have to be moved.

import type { Digest, ValueRef } from "@memodag/core";
import type { LeaseToken } from "./lease-store.ts";
import type { NewCacheRecord, PutMode } from "./record-store.ts";

/** A value of a staged result, where XComs refer to it. */
export interface StagedXCom extends ValueRef {
  readonly key: string;
  readonly sizeBytes: number;
  /** Those of a value that nothing refers to yet. Absent: they are where XComs refer to them. */
  readonly bytes?: Uint8Array;
}

/** A result to remember with others. */
export interface StagedEntry {
  readonly record: Omit<NewCacheRecord, "xcoms" | "seal" | "signature">;
  readonly xcoms: readonly StagedXCom[];
  readonly mode: PutMode;
  /** The lease without which neither it nor the others must be stored; its holder has just confirmed it. */
  readonly lease?: LeaseToken;
}

/** Reads values; what is not there is not in the map. */
export type ReadValues = (refs: readonly ValueRef[]) => Promise<ReadonlyMap<Digest, Uint8Array>>;
