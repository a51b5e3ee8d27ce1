// The caches that a config names, as operations know them.

import type { EntryScope } from "@memodag/core";
import type { NamedValueCache } from "@memodag/scheduler";

/** A cache of the config, as one team uses it. */
export type NamedCache = {
  readonly name: string;
  readonly team: string;
  readonly isEnabled: boolean;
} & (
  | {
      readonly kind: "entries";
      readonly scope: EntryScope;
      /** The byte store of new entries. */
      readonly store: string;
      readonly maxSizeBytes: number | null;
    }
  | { readonly kind: "values"; readonly adapter: "metadata-db" | "memory" | "redis" }
);

/** The caches that a config names. */
export interface NamedCaches {
  /** Those of a team, or of every team that the config knows, by name and team. */
  list(team: string | undefined): readonly NamedCache[];
  /** Opens the store of a value cache. */
  openValues(team: string, name: string): Promise<NamedValueCache["adapter"]>;
}
