// The runs of a Dag.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";
import { runColumns } from "../runs/run-columns.tsx";

const route = getRouteApi("/teams/$team/dags/$dagId");

/** The view. */
export function DagRuns(): ReactNode {
  const { team, dagId } = route.useParams();
  const { data } = useSuspenseQuery(read("runs.list", { team, dagId }));
  return (
    <Table
      caption="Runs of the Dag, newest first"
      rows={data.items}
      keyOf={({ runId }) => runId}
      columns={runColumns}
      empty={<Empty title="The Dag has not run yet" />}
    />
  );
}
