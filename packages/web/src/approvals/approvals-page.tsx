// Requests of tasks that wait for an answer.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { shortRunId } from "../format/format.ts";

type Approval = OutputOf<"approvals.list">[number];

const COLUMNS: readonly Column<Approval>[] = [
  {
    id: "subject",
    head: "Request",
    cell: ({ request, team, dagId, runId, taskId, mapIndex }) => (
      <Link
        to="/approvals/$team/$dagId/$runId/$taskId/$mapIndex"
        params={{ team, dagId, runId, taskId, mapIndex: String(mapIndex) }}
      >
        {request.subject}
      </Link>
    ),
  },
  {
    id: "task",
    head: "Task",
    cell: ({ dagId, taskId, mapIndex }) => `${dagId}.${taskId}${mapIndex === -1 ? "" : `[${mapIndex}]`}`,
  },
  { id: "run", head: "Run", cell: ({ runId }) => shortRunId(runId) },
  { id: "asked", head: "Asked", cell: ({ askedAt }) => <Time iso={askedAt} /> },
  { id: "until", head: "Time runs out", cell: ({ expiresAt }) => <Time iso={expiresAt} /> },
  {
    id: "for",
    head: "For",
    cell: ({ request: { assignedUsers } }) =>
      assignedUsers.length === 0 ? "operators" : assignedUsers.map(({ name }) => name).join(", "),
  },
];

/** The page. */
export function ApprovalsPage(): ReactNode {
  const { data } = useSuspenseQuery(polled(read("approvals.list", { team: useTeam() })));
  return (
    <Page title="Approvals" command="approvals ls">
      <Table
        caption="Requests that wait for an answer, oldest first"
        columns={COLUMNS}
        rows={data}
        keyOf={({ team, dagId, runId, taskId, mapIndex }) =>
          JSON.stringify([team, dagId, runId, taskId, mapIndex])
        }
        empty={<Empty title="No task waits for an answer" />}
      />
    </Page>
  );
}
