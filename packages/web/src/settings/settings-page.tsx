// Settings: who is signed in, and what they may do.

import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { useSession } from "../data/use-session.ts";

/** The page. */
export function SettingsPage(): ReactNode {
  const { name, hasValues, grants } = useSession().me;
  return (
    <Page title="Settings">
      <Facts
        look="list"
        facts={[
          ["Signed in as", name],
          ["Roles", grants.map(({ team, role }) => `${role} in ${team ?? "all teams"}`).join(", ")],
          ["Values of users", hasValues ? "shown" : "withheld"],
        ]}
      />
    </Page>
  );
}
