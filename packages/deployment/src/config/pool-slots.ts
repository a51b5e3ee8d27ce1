// The pools of a deployment.

import type { Config } from "@memodag/config";
import { DEFAULT_POOLS } from "@memodag/core";

/** Returns the slots of each pool by its name. */
export function poolSlots({ pools }: Pick<Config, "pools">): ReadonlyMap<string, number> {
  return new Map([...DEFAULT_POOLS, ...pools.map(({ name, slots }) => [name, slots] as const)]);
}
