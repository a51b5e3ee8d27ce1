// The page of a task instance.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { quoted } from "../controls/command-hint.tsx";
import { Page } from "../controls/page.tsx";
import { shortRunId } from "../format/format.ts";
import { instanceName } from "../marks/sentence.ts";
import { InstanceView } from "./instance-view.tsx";

const route = getRouteApi("/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex");

/** The page. */
export function InstancePage(): ReactNode {
  const { mapIndex, ...run } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = useNavigate({ from: "/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex" });
  const { team, dagId, runId, taskId } = run;
  const name = { ...run, mapIndex: Number(mapIndex) };
  const index = name.mapIndex < 0 ? "" : ` --map-index ${name.mapIndex}`;
  return (
    <Page
      title={`${instanceName(name)} of ${dagId} ${runId}`}
      heading={instanceName(name)}
      facts={
        <>
          <Link to="/teams/$team/dags/$dagId" params={{ team, dagId }}>
            {dagId}
          </Link>
          <Link
            to="/teams/$team/dags/$dagId/runs/$runId"
            params={{ team, dagId, runId }}
            search={{ task: taskId, ...(name.mapIndex >= 0 && { index: name.mapIndex }) }}
          >
            {shortRunId(runId)}
          </Link>
        </>
      }
      command={`cache explain ${[dagId, runId, taskId].map((one) => quoted(one)).join(" ")}${index}`}
    >
      <InstanceView
        key={`${runId} ${taskId} ${mapIndex}`}
        name={name}
        tab={tab}
        isNamed
        onTab={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        onInstance={(to) =>
          void navigate({
            params: (before) => ({ ...before, mapIndex: String(to) }),
            search: (before) => before,
          })
        }
      />
    </Page>
  );
}
