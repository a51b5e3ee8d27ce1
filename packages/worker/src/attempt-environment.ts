// The environment of an attempt on this host: that of the host, with the variables that the task declares as the key
// was computed with them.

import type { AttemptOrder } from "@memodag/core";

/** Returns the environment. A declared variable that the order does not have is not set, whatever the host has. */
export function attemptEnvironment(
  host: NodeJS.ProcessEnv,
  { attempt, env }: AttemptOrder,
): NodeJS.ProcessEnv {
  const declared = new Set([...(attempt.declaredEnv ?? []), ...(attempt.command?.visibleEnv ?? [])]);
  const kept = Object.entries(host).filter(([name]) => !declared.has(name));
  return { ...Object.fromEntries(kept), ...env };
}
