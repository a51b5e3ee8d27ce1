// The record that a staged member's result is stored as, when its transaction is committed.

import type { CacheStatus, Reason, StagedMember } from "@memodag/core";
import type { PutMode, StagedXCom } from "@memodag/result-cache";
import type { PreparedRecord } from "./prepare-record.ts";

/** The content of a staged member's body. `own`: it took the result of another member. */
export type StagedBody =
  | { readonly kind: "own" }
  | {
      readonly kind: "record";
      readonly mode: PutMode;
      /** The outcome of its lookup, which storing the result replaces or restores. */
      readonly asked: { readonly cacheStatus: CacheStatus | null; readonly cacheReason: Reason | null };
      readonly record: PreparedRecord;
      readonly xcoms: readonly StagedXCom[];
      /** When the result expires, as its attempt said, in milliseconds since the Unix epoch. Absent: it did not. */
      readonly expiresAt?: number;
    };

/** Returns the body of a member; `null`: nothing is to be stored. */
export function bodyOf({ body }: StagedMember): StagedBody | null {
  return body === null ? null : (JSON.parse(body) as StagedBody);
}
