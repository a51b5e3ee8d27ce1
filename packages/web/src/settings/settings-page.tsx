// Settings: who is signed in and what they may do and, for administrators, tokens of programs.

import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { useMay, useSession } from "../data/use-session.ts";
import { Doctor } from "./doctor.tsx";
import { Processes } from "./processes.tsx";
import { Tokens } from "./tokens.tsx";

/** The page. */
export function SettingsPage(): ReactNode {
  const { name, hasValues, grants } = useSession().me;
  const isAdmin = useMay("admin", null);
  return (
    <Page title="Settings" {...(isAdmin && { command: "tokens ls" })}>
      <Facts
        look="list"
        facts={[
          ["Signed in as", name],
          ["Roles", grants.map(({ team, role }) => `${role} in ${team ?? "all teams"}`).join(", ")],
          ["Values of users", hasValues ? "shown" : "withheld"],
        ]}
      />
      <Processes />
      {isAdmin && <Tokens />}
      {isAdmin && <Doctor />}
    </Page>
  );
}
