// Workers on other machines, and the queues through which attempts come to them.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { formatCount, formatDuration } from "../format/format.ts";
import { DrainButton } from "./drain-button.tsx";
import { WorkerTokens } from "./worker-tokens.tsx";

type Worker = OutputOf<"workers.list">[number];
type Queue = OutputOf<"queues.list">[number];

const WORKERS: readonly Column<Worker>[] = [
  { id: "name", head: "Worker", cell: ({ name }) => name },
  { id: "host", head: "Machine", cell: ({ host, pid }) => `${host} (${pid})` },
  { id: "state", head: "State", cell: ({ state }) => state },
  { id: "queues", head: "Queues", cell: ({ queues }) => queues.join(", ") },
  {
    id: "running",
    head: "Running",
    align: "end",
    cell: ({ running, concurrency }) => `${formatCount(running)} of ${formatCount(concurrency)}`,
  },
  { id: "version", head: "Version", cell: ({ version, node }) => `${version}, Node ${node}` },
  { id: "beat", head: "Heard of", cell: ({ beatAt }) => <Time iso={beatAt} /> },
  { id: "drain", head: "", cell: (worker) => <DrainButton worker={worker} /> },
];

const QUEUES: readonly Column<Queue>[] = [
  { id: "queue", head: "Queue", cell: ({ queue }) => queue },
  { id: "waiting", head: "Waiting", align: "end", cell: ({ waiting }) => formatCount(waiting) },
  {
    id: "oldest",
    head: "Oldest waits",
    align: "end",
    cell: ({ oldestWaitMs }) => (oldestWaitMs === null ? "–" : formatDuration(oldestWaitMs)),
  },
  { id: "started", head: "Running", align: "end", cell: ({ started }) => formatCount(started) },
  { id: "workers", head: "Workers", align: "end", cell: ({ workers }) => formatCount(workers) },
  { id: "places", head: "Places", align: "end", cell: ({ places }) => formatCount(places) },
];

/** The page. */
export function WorkersPage(): ReactNode {
  const { data: workers } = useSuspenseQuery(polled(read("workers.list", {})));
  const { data: queues } = useSuspenseQuery(polled(read("queues.list", {})));
  return (
    <Page title="Workers" command="workers ls">
      <Table
        caption="Workers"
        columns={WORKERS}
        rows={workers}
        keyOf={({ id }) => id}
        empty={
          <Empty title="There are no workers on other machines">
            <p>
              Attempts run on the machine of their scheduler. <code>memodag workers token --name NAME</code>{" "}
              makes a token for one elsewhere.
            </p>
          </Empty>
        }
      />
      <h2>Queues</h2>
      <Table
        caption="Queues"
        columns={QUEUES}
        rows={queues}
        keyOf={({ queue }) => queue}
        empty={<p>No queue has attempts or workers.</p>}
      />
      <WorkerTokens />
    </Page>
  );
}
