// Pools: slots that tasks share, and which Dags take them.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatCount } from "../format/format.ts";

type Pool = OutputOf<"pools.list">[number];

const COLUMNS: readonly Column<Pool>[] = [
  { id: "name", head: "Pool", cell: ({ name }) => name },
  { id: "slots", head: "Slots", align: "end", cell: ({ slots }) => formatCount(slots) },
  { id: "taken", head: "Taken", align: "end", cell: ({ taken }) => formatCount(taken) },
  {
    id: "free",
    head: "Free",
    align: "end",
    cell: ({ slots, taken }) => (taken >= slots ? "none" : formatCount(slots - taken)),
  },
  { id: "by", head: "By Dag", cell: ({ byDag }) => (byDag.length === 0 ? "–" : byDag.map(useOf)) },
];

function useOf({ team, dagId, taken }: Pool["byDag"][number]): ReactNode {
  return (
    <span key={`${team}/${dagId}`}>
      <Link to="/teams/$team/dags/$dagId" params={{ team, dagId }}>
        {dagId}
      </Link>{" "}
      {formatCount(taken)}{" "}
    </span>
  );
}

/** The page. */
export function PoolsPage(): ReactNode {
  const { data } = useSuspenseQuery(polled(read("pools.list", { team: useTeam() })));
  return (
    <Page title="Pools" command="config show">
      <p>
        Pools are set in <code>memodag.toml</code>, in <code>[pools]</code>.
      </p>
      <Table
        caption="Pools"
        columns={COLUMNS}
        rows={data}
        keyOf={({ name }) => name}
        empty={<Empty title="The config has no pools" />}
      />
    </Page>
  );
}
