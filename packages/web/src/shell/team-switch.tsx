// Chooses the team whose things lists show. It is in the address, so that links lead to the same.

import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, type ReactNode } from "react";
import { useMay, useSession, useTeam } from "../data/use-session.ts";

/** Most have one team, and no switch. */
const LazySelect = lazy(async () => ({ default: (await import("../controls/select.tsx")).Select }));

/** The switch; nothing where there is one team. */
export function TeamSwitch(): ReactNode {
  const { teams } = useSession();
  const isForAll = useMay("viewer", null);
  const team = useTeam();
  const navigate = useNavigate();
  if (teams.length < 2) return null;
  return (
    <Suspense>
      <LazySelect
        label="Team"
        isLabelShown={false}
        value={team ?? ""}
        options={[
          ...(isForAll ? [{ id: "", text: "all teams" }] : []),
          ...teams.map((id) => ({ id, text: id })),
        ]}
        onChange={(id) => void navigate({ to: ".", search: id === "" ? {} : { team: id } })}
      />
    </Suspense>
  );
}
