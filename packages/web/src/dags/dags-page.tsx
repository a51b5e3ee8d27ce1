// The list of Dags.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";

/** The page. */
export function DagsPage(): ReactNode {
  const { data } = useSuspenseQuery(read("dags.list", { team: useTeam() }));
  return (
    <Page title="Dags" command="dags ls">
      <Table
        caption="Dags"
        rows={data.items}
        keyOf={({ team, dagId }) => `${team}/${dagId}`}
        columns={[
          {
            id: "dag",
            head: "Dag",
            cell: ({ team, dagId }) => (
              <Link to="/teams/$team/dags/$dagId" params={{ team, dagId }}>
                {dagId}
              </Link>
            ),
          },
          { id: "schedule", head: "Schedule", cell: ({ schedule }) => schedule ?? "manual" },
          { id: "next", head: "Next run", cell: ({ nextRunAt }) => <Time iso={nextRunAt} /> },
          { id: "tasks", head: "Tasks", align: "end", cell: ({ taskCount }) => taskCount },
        ]}
        empty={
          <Empty title="There are no Dags yet">
            <p>
              A file that exports a Dag belongs into the folder of a bundle, which <code>memodag.toml</code>{" "}
              names. <code>memodag init</code> makes one to begin with.
            </p>
          </Empty>
        }
      />
    </Page>
  );
}
