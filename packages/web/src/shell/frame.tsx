// The frame of all pages: navigation, team, live indicator, theme.

import { Link, Outlet, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, type ReactNode } from "react";
import { useTeam } from "../data/use-session.ts";
import { LiveProvider } from "../live/live-provider.tsx";
import { Palette } from "../palette/palette.tsx";
import type { ShortcutName } from "../shortcuts/table.ts";
import { listenForKeys, useShortcut } from "../shortcuts/use-shortcut.ts";
import styles from "./frame.module.css";
import { LiveIndicator } from "./live-indicator.tsx";
import { SheetKey } from "./sheet-key.tsx";
import { NoSchedulerBar } from "./no-scheduler-bar.tsx";
import { TeamSwitch } from "./team-switch.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";
import { UserMenu } from "./user-menu.tsx";

const PLACES = [
  { to: "/", text: "Home", shortcut: "go.home" },
  { to: "/dags", text: "Dags", shortcut: "go.dags" },
  { to: "/runs", text: "Runs", shortcut: "go.runs" },
  { to: "/cache", text: "Cache", shortcut: "go.cache" },
  { to: "/approvals", text: "Approvals", shortcut: undefined },
  { to: "/workers", text: "Workers", shortcut: "go.workers" },
  { to: "/pools", text: "Pools", shortcut: undefined },
  { to: "/audit", text: "Audit", shortcut: "go.audit" },
  { to: "/settings", text: "Settings", shortcut: undefined },
] as const;

/** The frame. */
export function Frame(): ReactNode {
  const team = useTeam();
  const { team: ofPath } = useParams({ strict: false });
  useEffect(listenForKeys, []);
  return (
    <LiveProvider team={ofPath ?? team}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.brand}>
          <img src="/mark.svg" alt="" width="18" height="18" />
          memodag
        </Link>
        <nav aria-label="Main" className={styles.nav}>
          {PLACES.map(({ to, text }) => (
            <Link
              key={to}
              to={to}
              search={team === undefined ? {} : { team }}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              className={styles.place}
            >
              {text}
            </Link>
          ))}
        </nav>
        <div className={styles.tools}>
          <Palette />
          <LiveIndicator />
          <TeamSwitch />
          <ThemeSwitch />
          <UserMenu />
        </div>
      </header>
      {PLACES.map(({ to, shortcut }) => shortcut && <PlaceKey key={to} to={to} shortcut={shortcut} />)}
      <NoSchedulerBar />
      <main id="content" tabIndex={-1} className={styles.main}>
        <Outlet />
      </main>
      <SheetKey />
    </LiveProvider>
  );
}

function PlaceKey({
  to,
  shortcut,
}: {
  readonly to: (typeof PLACES)[number]["to"];
  readonly shortcut: ShortcutName;
}): ReactNode {
  const navigate = useNavigate();
  const { latestLocation } = useRouter();
  const { team } = latestLocation.search as { team?: string };
  useShortcut(
    shortcut,
    useCallback(
      () => void navigate({ to, search: team === undefined ? {} : { team } }),
      [navigate, to, team],
    ),
  );
  return null;
}
