// The teams of a deployment.

import type { Config } from "@memodag/config";
import { DEFAULT_TEAM } from "@memodag/core";

/** Returns the names of the teams that have bundles, or of the default one, in order. */
export function configuredTeams({ bundles }: Pick<Config, "bundles">): readonly string[] {
  const known = bundles.length === 0 ? [DEFAULT_TEAM] : bundles.map((bundle) => bundle.team);
  return [...new Set(known)].sort();
}
