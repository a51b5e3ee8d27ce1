// A Dag: its facts and acts, over the view that the address names.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";
import { quoted } from "../controls/command-hint.tsx";
import { NavTabs } from "../controls/nav-tabs.tsx";
import { Page } from "../controls/page.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useMay } from "../data/use-session.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import { DagActions } from "./dag-actions.tsx";
import styles from "./dag-page.module.css";

const route = getRouteApi("/teams/$team/dags/$dagId");

const PAGE = "/teams/$team/dags/$dagId";

const VIEWS = [
  { text: "Grid", to: PAGE },
  { text: "Graph", to: `${PAGE}/graph` },
  { text: "Calendar", to: `${PAGE}/calendar` },
  { text: "Runs", to: `${PAGE}/runs` },
  { text: "Tasks", to: `${PAGE}/tasks` },
] as const;

/** The page. */
export function DagPage(): ReactNode {
  const params = route.useParams();
  const { team, dagId } = params;
  const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
  const isOperator = useMay("operator", team);
  useNextView(params);
  return (
    <Page
      title={dagId}
      facts={
        <>
          {data.description !== null && <span>{data.description}</span>}
          <span>{data.schedule ?? "manual"}</span>
          {data.isPaused && <span className={styles.paused}>paused</span>}
          {data.nextRunAt !== null && !data.isPaused && (
            <span>
              next <Time iso={data.nextRunAt} />
            </span>
          )}
          <span>
            {data.path} · version <code>{data.version.slice(0, 8)}</code>
          </span>
        </>
      }
      actions={isOperator && <DagActions dag={data} />}
      command={`dags show ${quoted(dagId)}`}
    >
      {data.warnings.length > 0 && (
        <ul className={styles.warnings}>
          {data.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <NavTabs
        label="Views of the Dag"
        tabs={VIEWS.map(({ text, to }) => ({ text, link: { to, params }, isExact: to === PAGE }))}
      />
      <Outlet />
    </Page>
  );
}

/** Goes from one view to the next by a key. */
function useNextView(params: { readonly team: string; readonly dagId: string }): void {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  useShortcut(
    "view.next",
    useCallback(() => {
      const at = VIEWS.findIndex(({ to }) => pathname.endsWith(to.slice(PAGE.length + 1)) && to !== PAGE);
      const next = VIEWS[(Math.max(at, 0) + 1) % VIEWS.length] ?? VIEWS[0];
      void navigate({ to: next.to, params });
    }, [navigate, pathname, params]),
  );
}
