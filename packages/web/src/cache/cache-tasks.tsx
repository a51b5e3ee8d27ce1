// Contents and savings of the cache, by task.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled, SUMS_EVERY_MS } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatBytes, formatCount, formatDuration, formatShare } from "../format/format.ts";
import { MissedStores } from "./missed-stores.tsx";
import { quoted } from "../format/quoted.ts";

type TaskLine = OutputOf<"cache.stats">["tasks"][number];

const COLUMNS: readonly Column<TaskLine>[] = [
  {
    id: "task",
    head: "Task",
    cell: ({ team, dagId, taskId }) => (
      <Link to="/cache/entries" search={{ team, dag: dagId, task: taskId }}>
        {dagId}.{taskId}
      </Link>
    ),
  },
  { id: "entries", head: "Entries", align: "end", cell: ({ entries }) => formatCount(entries) },
  { id: "size", head: "Size", align: "end", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { id: "hits", head: "Hits", align: "end", cell: ({ hits }) => formatCount(hits) },
  { id: "misses", head: "Misses", align: "end", cell: ({ misses }) => formatCount(misses) },
  {
    id: "rate",
    head: "Hit rate",
    align: "end",
    cell: ({ hitRate }) => (hitRate === null ? "–" : formatShare(hitRate)),
  },
  { id: "saved", head: "Saved", align: "end", cell: ({ savedMs }) => formatDuration(savedMs) },
  {
    id: "lookup",
    head: "Lookup",
    align: "end",
    cell: ({ lookupAvgMs }) => (lookupAvgMs === null ? "–" : formatDuration(lookupAvgMs)),
  },
  {
    id: "faults",
    head: "Differing results",
    align: "end",
    cell: ({ nondeterministic }) => (nondeterministic === 0 ? "–" : formatCount(nondeterministic)),
  },
];

/** The page. */
export function CacheTasks(): ReactNode {
  const team = useTeam();
  const { data } = useSuspenseQuery(polled(read("cache.stats", { team }), SUMS_EVERY_MS));
  return (
    <Page title="Cache" command={team === undefined ? "cache stats" : `cache stats --team ${quoted(team)}`}>
      <Facts
        facts={[
          ["Entries", formatCount(data.entries)],
          ["Size", formatBytes(data.sizeBytes)],
          ["Hits", formatCount(data.hits)],
          ["Hit rate", data.hitRate === null ? "–" : formatShare(data.hitRate)],
          ["Saved", formatDuration(data.savedMs)],
          ["Late lookups", data.lookupTimeouts === 0 ? null : formatCount(data.lookupTimeouts)],
          ["Failed lookups", data.lookupFailures === 0 ? null : formatCount(data.lookupFailures)],
        ]}
      />
      <MissedStores missed={data.missed} />
      <Table
        caption="Tasks that are cached"
        columns={COLUMNS}
        rows={data.tasks}
        keyOf={({ team: own, dagId, taskId }) => `${own}/${dagId}/${taskId}`}
        empty={
          <Empty title="Nothing is remembered yet">
            <p>
              A task is cached that says so: <code>{`dag.task("load", load, { cache: true })`}</code>
            </p>
          </Empty>
        }
      />
    </Page>
  );
}
