// The grants of the config to people who sign in at an OpenID provider.

import type { ApiGrant, ApiSession } from "@memodag/core";

/** A grant, as the config has it: to a group or to a subject. */
export interface NamedGrant extends ApiGrant {
  readonly group?: string | undefined;
  readonly subject?: string | undefined;
}

/** Returns the grants of a person. One who signed in with a link can read the secret of the deployment, and so all of it. */
export function grantsOf(
  { kind, subject, groups }: ApiSession,
  granted: readonly NamedGrant[],
): readonly ApiGrant[] {
  if (kind === "os_user") return [{ team: null, role: "admin" }];
  return granted
    .filter(
      (grant) => grant.subject === subject || (grant.group !== undefined && groups.includes(grant.group)),
    )
    .map(({ team, role }) => ({ team, role }));
}
