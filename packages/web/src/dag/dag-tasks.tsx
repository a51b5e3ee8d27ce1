// The tasks of a Dag.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";

const route = getRouteApi("/teams/$team/dags/$dagId");

/** The view. */
export function DagTasks(): ReactNode {
  const { team, dagId } = route.useParams();
  const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
  return (
    <Table
      caption="Tasks"
      rows={data.tasks}
      keyOf={({ taskId }) => taskId}
      columns={[
        { id: "task", head: "Task", cell: ({ taskId }) => taskId },
        { id: "after", head: "After", cell: ({ upstream }) => upstream.join(", ") || "–" },
        { id: "cache", head: "Remembered", cell: ({ cache }) => (cache ? "yes" : "no") },
        { id: "mapped", head: "Mapped over", cell: ({ expand }) => expand.join(", ") || "–" },
        { id: "rule", head: "Trigger rule", cell: ({ triggerRule }) => triggerRule },
      ]}
      empty={<Empty title="The Dag has no tasks" />}
    />
  );
}
