// Checks whether this worker's runtime is that of its attempt's cache key.

import { runtimeDifference, runtimeIdentity, type Attempt, type Reason } from "@memodag/core";

/** A cached attempt gets a view in its place, which notices what it reads. */
const { env } = process;

/**
 * Returns why the result must not be stored; `null` if the runtime is that of the key, or nothing is to
 * be stored. Call it before the handler runs, which may change its environment.
 */
export function findRuntimeChange({ runtime }: Pick<Attempt, "runtime">): Reason | null {
  if (!runtime) return null;
  const difference = runtimeDifference(runtime.identity, runtimeIdentity(env), runtime.level);
  return difference === null ? null : { code: "runtime_changed", detail: { what: difference } };
}
