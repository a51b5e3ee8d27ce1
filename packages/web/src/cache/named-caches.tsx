// Caches that the config names: job caches and value caches.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatBytes, formatCount } from "../format/format.ts";
import { ClearButton } from "./clear-button.tsx";
import styles from "./cache-page.module.css";

type Named = OutputOf<"caches.list">[number];

const COLUMNS: readonly Column<Named>[] = [
  { id: "name", head: "Cache", cell: ({ name }) => name },
  { id: "team", head: "Team", cell: ({ team }) => team },
  { id: "kind", head: "Of", cell: ({ kind, scope }) => (scope === null ? kind : `${kind}, of a ${scope}`) },
  { id: "store", head: "Store", cell: ({ store }) => store },
  { id: "on", head: "State", cell: ({ enabled }) => (enabled ? "on" : "off") },
  {
    id: "size",
    head: "Entries",
    align: "end",
    cell: ({ size }) => (size === null ? "–" : formatCount(size)),
  },
  {
    id: "bytes",
    head: "Size",
    align: "end",
    cell: ({ sizeBytes }) => (sizeBytes === null ? "–" : formatBytes(sizeBytes)),
  },
  {
    id: "problem",
    head: "",
    cell: ({ problem, ...cache }) =>
      problem === null ? <ClearButton cache={cache} /> : <span className={styles.wrap}>{problem}</span>,
  },
];

/** The page. */
export function NamedCaches(): ReactNode {
  const { data } = useSuspenseQuery(polled(read("caches.list", { team: useTeam() })));
  return (
    <Page title="Named caches" command="caches ls">
      <Table
        caption="Caches that the config names"
        columns={COLUMNS}
        rows={data}
        keyOf={({ team, name }) => `${team}/${name}`}
        empty={
          <Empty title="The config names no caches">
            <p>
              A table <code>[[caches]]</code> in <code>memodag.toml</code> adds one, for entries that runs
              share or for values that tasks get or create.
            </p>
          </Empty>
        }
      />
    </Page>
  );
}
