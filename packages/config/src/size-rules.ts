// Rules across sizes and the database: no value may be larger than the database accepts.

import { formatSize } from "@memodag/core";
import type { ConfigFault } from "./faults.ts";

/**
 * Maximum size in bytes of a value on PostgreSQL. Values are transferred as hexadecimal digits in one
 * JavaScript string, which is limited to about half a gibibyte.
 */
const MOST_ON_POSTGRES = 240 * 2 ** 20;

/** Returns the violations of these rules. The schema checks each value on its own. */
export function sizeFaults(url: string, maxXComSize: number): ConfigFault[] {
  if (!/^postgres(ql)?:/.test(url) || maxXComSize <= MOST_ON_POSTGRES) return [];
  return [
    {
      path: "core.max_xcom_size",
      expected: `at most ${formatSize(MOST_ON_POSTGRES)}, the maximum on PostgreSQL`,
      found: formatSize(maxXComSize),
    },
  ];
}
