// What a record knows of one value of its result.

import type { Digest } from "@memodag/core";

/** One XCom of a cached result. */
export interface RecordedXCom {
  readonly key: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}
