// A run: its task instances, each with its mark.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { quoted } from "../controls/command-hint.tsx";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";
import { formatDuration } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { markOf } from "../marks/mark.ts";
import { instanceName, sentenceOf } from "../marks/sentence.ts";

const route = getRouteApi("/teams/$team/dags/$dagId/runs/$runId");

/** The page. */
export function RunPage(): ReactNode {
  const params = route.useParams();
  const { data } = useSuspenseQuery(read("runs.show", params));
  const { dagId, runId } = params;
  return (
    <Page
      title={`${dagId} ${runId}`}
      heading={runId}
      facts={data.state}
      command={`runs show ${quoted(dagId)} ${quoted(runId)}`}
    >
      <Table
        caption="Task instances"
        rows={data.tasks}
        keyOf={instanceName}
        columns={[
          { id: "mark", head: "", cell: (task) => <MarkIcon mark={markOf(task)} label={sentenceOf(task)} /> },
          { id: "task", head: "Task", cell: instanceName },
          { id: "why", head: "Why", cell: ({ cacheReason }) => cacheReason },
          {
            id: "took",
            head: "Took",
            align: "end",
            cell: ({ durationMs }) => (durationMs === null ? "–" : formatDuration(durationMs)),
          },
        ]}
        empty={<Empty title="The Dag has no tasks" />}
      />
    </Page>
  );
}
