// Scopes: levels of sharing. A record belongs to the scope that made it, and a deployment writes to its own alone.

import { MemodagError } from "@memodag/core";

/** The scope of a deployment that names none, and of all records from before there were scopes. */
export const DEFAULT_SCOPE = "default";

/** The scopes of a deployment. */
export interface Scopes {
  /** The scope that it writes to. */
  readonly own: string;
  /** The scopes whose records it may use besides, the nearest first. */
  readonly reads: readonly string[];
  /** Other scopes whose records its admin may purge. */
  readonly owns: readonly string[];
}

/** The scopes of a deployment whose config names none. */
export const NO_SCOPES: Scopes = { own: DEFAULT_SCOPE, reads: [], owns: [] };

/** True if there is nothing but the scope `default`, as before there were scopes. */
export function hasNoScopes({ own, reads, owns }: Scopes): boolean {
  return own === DEFAULT_SCOPE && reads.length === 0 && owns.length === 0;
}

/**
 * The scope that a listing is for.
 * @param scope absent: the own one
 * @throws MemodagError `scope_not_readable`
 */
export function readableScope({ own, reads, owns }: Scopes, scope: string = own): string {
  const readable = [own, ...reads, ...owns];
  if (readable.includes(scope)) return scope;
  throw new MemodagError(
    "scope_not_readable",
    `This deployment does not read the scope "${scope}", but ${[...new Set(readable)].join(", ")}: ` +
      "name one of these, or add it to [scope] reads or owns",
    { fields: { scope, readable } },
  );
}

/**
 * The scope that records are removed from.
 * @param scope absent: the own one
 * @throws MemodagError `scope_not_owned`
 */
export function ownedScope({ own, owns }: Scopes, scope: string = own): string {
  const owned = [own, ...owns];
  if (owned.includes(scope)) return scope;
  throw new MemodagError(
    "scope_not_owned",
    `This deployment does not own the scope "${scope}", but ${owned.join(", ")}: ` +
      "purge it where it is [scope] name, or add it to [scope] owns",
    { fields: { scope, owned } },
  );
}
