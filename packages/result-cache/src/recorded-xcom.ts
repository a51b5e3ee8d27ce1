// One value of a result, as its record describes it.

import type { Digest } from "@memodag/core";

/** One XCom of a cached result. */
export interface RecordedXCom {
  readonly key: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /**
   * The store that holds it, by its name in the config; `null`: the metadata database does. Absent: the result
   * store of the cache, whichever that is.
   */
  readonly store?: string | null;
}
