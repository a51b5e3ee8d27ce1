// Decides whether a principal may ask for something.

import type { ApiRole } from "@memodag/core";
import { ApiProblem, notFound } from "../problem.ts";
import { includes, roleIn, type Principal } from "../principal.ts";

/** A request, as far as that depends on it. */
export interface Asked {
  /** The role that is needed; undefined: any, in any team. */
  readonly role: ApiRole | undefined;
  /** The team that it is about; `null`: all of them. */
  readonly team: string | null;
  /** True if the answer has values of users. */
  readonly hasValues: boolean;
}

/**
 * Refuses what a principal may not ask for. Teams in which they have no role do not exist for them.
 * @throws ApiProblem 403, 404
 */
export function authorize(principal: Principal, { role, team, hasValues }: Asked): void {
  if (role === undefined) {
    // A provider signs in many who have nothing to do here.
    if (principal.grants.length === 0)
      throw new ApiProblem(403, "api_denied", "This needs a role in a team: ask an admin for one");
  } else {
    const own = roleIn(principal, team);
    if (own === undefined && team !== null) throw notFound();
    if (own === undefined || !includes(own, role)) {
      const where = team === null ? "in all teams" : `in the team "${team}"`;
      throw new ApiProblem(403, "api_denied", `This needs the role ${role} ${where}`);
    }
  }
  if (hasValues && !principal.hasValues)
    throw new ApiProblem(
      403,
      "api_denied",
      "This token was made without values: it reads no results, params and logs",
    );
}
