// A Dag: its facts and acts, over the view that the address names.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { quoted } from "../controls/command-hint.tsx";
import { Icon } from "../controls/icon.tsx";
import { NavTabs } from "../controls/nav-tabs.tsx";
import { Page } from "../controls/page.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { useMay } from "../data/use-session.ts";

const route = getRouteApi("/teams/$team/dags/$dagId");

/** The page. */
export function DagPage(): ReactNode {
  const params = route.useParams();
  const { team, dagId } = params;
  const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
  const pause = useAct("dags.pause");
  const isOperator = useMay("operator", team);
  return (
    <Page
      title={dagId}
      facts={
        <>
          <span>{data.description}</span>
          <span>{data.schedule ?? "manual"}</span>
          {data.nextRunAt !== null && (
            <span>
              next <Time iso={data.nextRunAt} />
            </span>
          )}
        </>
      }
      actions={
        isOperator && (
          <Button
            isDisabled={pause.isPending}
            onPress={() => pause.mutate({ team, dagId, isPaused: !data.isPaused })}
          >
            <Icon name={data.isPaused ? "play" : "pause"} />
            {data.isPaused ? "Resume" : "Pause"}
          </Button>
        )
      }
      command={`dags show ${quoted(dagId)}`}
    >
      <NavTabs
        label="Views of the Dag"
        tabs={[
          { text: "Runs", link: { to: "/teams/$team/dags/$dagId", params }, isExact: true },
          { text: "Tasks", link: { to: "/teams/$team/dags/$dagId/tasks", params } },
        ]}
      />
      <Outlet />
    </Page>
  );
}
