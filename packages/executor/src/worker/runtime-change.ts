// Whether this worker is the runtime that its attempt's cache key was made with.

import { runtimeDifference, runtimeIdentity, type Attempt, type Reason } from "@memodag/core";

/**
 * Why the result must not be stored; `null`: the runtime is that of the key, or nothing is to be stored. To
 * be asked before the handler runs, which may change its environment.
 */
export function findRuntimeChange({ runtime }: Pick<Attempt, "runtime">): Reason | null {
  if (!runtime) return null;
  const difference = runtimeDifference(runtime.identity, runtimeIdentity(process.env), runtime.level);
  return difference === null ? null : { code: "runtime_changed", detail: { what: difference } };
}
