// How many processes may wait for attempts.

import { totalmem } from "node:os";
import type { Live } from "@memodag/core";

/** Memory of a process that waits: what it does not share with others, in bytes. */
const WARM_BYTES = 32 * 2 ** 20;
const MOST_BYTES = 2 ** 30;

/** Settings that limit it; see `LocalExecutorOptions`. */
export interface WarmLimits {
  readonly warmWorkers?: Live<number | undefined>;
  readonly warmMemory?: Live<number | undefined>;
  readonly parallelism: Live<number>;
}

/** Returns the maximum number of processes that wait, as the settings are now. */
export function warmLimit({ warmWorkers, warmMemory, parallelism }: WarmLimits): number {
  const bytes = warmMemory?.() ?? Math.min(availableBytes() / 8, MOST_BYTES);
  return Math.min(warmWorkers?.() ?? parallelism(), Math.floor(bytes / WARM_BYTES));
}

/** Memory of the machine, or of the container if that has less. */
function availableBytes(): number {
  // 0 if it is not known, and more than there is if there is no limit.
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}
