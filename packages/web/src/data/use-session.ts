// Who is signed in, for components: they are shown where someone is.

import type { Me } from "@memodag/api-contract";
import type { ApiRole } from "@memodag/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { sessionQuery, type Session } from "./session.ts";

/** Who is signed in, and which teams they may read. */
export function useSession(): Session & { readonly me: Me } {
  const session = useSuspenseQuery(sessionQuery).data;
  if (session.me === null) throw new Error("this is shown to users who are signed in");
  return { ...session, me: session.me };
}

const ORDER: readonly ApiRole[] = ["viewer", "operator", "admin"];

/** True if the user may do what a role may. @param team `null`: in all teams */
export function useMay(role: ApiRole, team: string | null): boolean {
  const { grants } = useSession().me;
  return grants.some(
    (grant) =>
      (grant.team === null || grant.team === team) && ORDER.indexOf(grant.role) >= ORDER.indexOf(role),
  );
}

/** The team whose things lists show, which is in the address; undefined: all teams. */
export function useTeam(): string | undefined {
  const { team } = useSearch({ strict: false });
  return ownTeam(useSession(), team);
}

/** A user without a role in all teams sees the first of theirs. */
export function ownTeam({ me }: Pick<Session, "me">, team: string | undefined): string | undefined {
  const grants = me?.grants ?? [];
  if (team !== undefined || grants.some((grant) => grant.team === null)) return team;
  return grants[0]?.team ?? undefined;
}
