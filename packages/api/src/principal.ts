// Who sends a request, and what they may do.

import type { Me } from "@memodag/api-contract";
import { API_ROLES, type ApiGrant, type ApiRole, type AuditActor } from "@memodag/core";

/** The sender of a request. */
export interface Principal extends Me {
  readonly grants: readonly ApiGrant[];
  /** How the audit trail names them. */
  readonly actor: AuditActor;
}

/** Returns the highest role that a principal has in a team, or with `null` in all; undefined: none. */
export function roleIn({ grants }: Pick<Principal, "grants">, team: string | null): ApiRole | undefined {
  const roles = grants.filter((grant) => grant.team === null || grant.team === team).map(({ role }) => role);
  return API_ROLES.findLast((role) => roles.includes(role));
}

/** True if a role may do what `needed` may. */
export function includes(role: ApiRole, needed: ApiRole): boolean {
  return API_ROLES.indexOf(role) >= API_ROLES.indexOf(needed);
}

/** Returns what a principal is told of themselves. */
export function toMe({ kind, id, name, hasValues, grants }: Principal): Me {
  return { kind, id, name, hasValues, grants };
}
