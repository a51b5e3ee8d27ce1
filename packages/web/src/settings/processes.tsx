// Processes of services: schedulers, Dag processors, API servers.

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../controls/problem.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { formatCount } from "../format/format.ts";

type Process = OutputOf<"processes.list">[number];

const COLUMNS: readonly Column<Process>[] = [
  { id: "kind", head: "Process", cell: ({ kind }) => kind.replace("-", " ") },
  { id: "host", head: "Machine", cell: ({ host, pid }) => `${host} (${pid})` },
  { id: "state", head: "State", cell: ({ isAlive }) => (isAlive ? "alive" : "silent") },
  { id: "seen", head: "Heard of", cell: ({ seenAt }) => <Time iso={seenAt} /> },
  { id: "started", head: "Started", cell: ({ startedAt }) => <Time iso={startedAt} /> },
  {
    id: "slots",
    head: "Slots",
    align: "end",
    cell: ({ slots }) => (slots === null ? "–" : formatCount(slots)),
  },
  { id: "version", head: "Version", cell: ({ version }) => version },
];

/** The section. */
export function Processes(): ReactNode {
  const { data, error } = useQuery(polled(read("processes.list", {})));
  return (
    <section aria-labelledby="processes">
      <h2 id="processes">Processes</h2>
      {error && <Problem error={error} />}
      {data && (
        <Table
          caption="Processes of services"
          columns={COLUMNS}
          rows={data}
          keyOf={({ id }) => id}
          empty={<p>None runs.</p>}
        />
      )}
    </section>
  );
}
