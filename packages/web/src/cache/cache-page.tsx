// The frame of the pages of the cache.

import { Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { keepTeam } from "../controls/keep-team.ts";
import { NavTabs } from "../controls/nav-tabs.tsx";
import styles from "./cache-page.module.css";

/** The frame: tabs above the page. */
export function CachePage(): ReactNode {
  return (
    <>
      <div className={styles.tabs}>
        <NavTabs
          label="Cache"
          tabs={[
            { text: "Tasks", link: { to: "/cache", search: keepTeam }, isExact: true },
            { text: "Entries", link: { to: "/cache/entries", search: keepTeam } },
            { text: "Why tasks ran", link: { to: "/cache/reasons", search: keepTeam } },
            { text: "Health", link: { to: "/cache/health", search: keepTeam } },
            { text: "Named caches", link: { to: "/cache/named", search: keepTeam } },
          ]}
        />
      </div>
      <Outlet />
    </>
  );
}
