// What must hold between sizes and the database: no value may be larger than the database takes.

import { formatSize } from "@memodag/core";
import type { ConfigFault } from "./faults.ts";

/**
 * Bytes that a value may have on PostgreSQL: it goes there and back as hexadecimal digits, in one string of
 * JavaScript, which holds half a gibibyte of them.
 */
const MOST_ON_POSTGRES = 240 * 2 ** 20;

/** The faults between sizes and the database; values that are wrong by themselves are the schema's matter. */
export function sizeFaults(url: string, maxXComSize: number): ConfigFault[] {
  if (!/^postgres(ql)?:/.test(url) || maxXComSize <= MOST_ON_POSTGRES) return [];
  return [
    {
      path: "core.max_xcom_size",
      expected: `at most ${formatSize(MOST_ON_POSTGRES)}, all that PostgreSQL takes`,
      found: formatSize(maxXComSize),
    },
  ];
}
