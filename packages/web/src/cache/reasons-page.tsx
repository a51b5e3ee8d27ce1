// Why tasks ran though they are cached: misses by task and reason, with the last one of each.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled, SUMS_EVERY_MS } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatCount } from "../format/format.ts";
import { reasonWords } from "../format/reasons.ts";
import { quoted } from "../format/quoted.ts";

type MissReason = OutputOf<"cache.reasons">[number];

const COLUMNS: readonly Column<MissReason>[] = [
  {
    id: "task",
    head: "Task",
    cell: ({ team, dagId, taskId, last: { runId, mapIndex } }) => (
      <Link
        to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
        params={{ team, dagId, runId, taskId, mapIndex: String(mapIndex) }}
        search={{ tab: "why" }}
      >
        {dagId}.{taskId}
      </Link>
    ),
  },
  { id: "reason", head: "Why it ran", cell: ({ reason }) => reasonWords(reason) },
  { id: "count", head: "Times", align: "end", cell: ({ count }) => formatCount(count) },
  { id: "changed", head: "What differed last", cell: ({ last: { changed } }) => changedWords(changed) },
  { id: "last", head: "Last", cell: ({ last: { at } }) => <Time iso={at} /> },
];

const SHOWN_CHANGES = 3;

function changedWords(changed: MissReason["last"]["changed"]): string {
  const shown = changed
    .slice(0, SHOWN_CHANGES)
    .map(({ kind, path }) => (path === "" ? kind : `${kind} ${path}`));
  const more = changed.length - shown.length;
  return shown.length === 0 ? "–" : `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const DAYS = [1, 7, 30] as const;

const route = getRouteApi("/cache/reasons");

/** The page. */
export function ReasonsPage(): ReactNode {
  const { days = 7 } = route.useSearch();
  const navigate = useNavigate({ from: "/cache/reasons" });
  const team = useTeam();
  const { data } = useSuspenseQuery(polled(read("cache.reasons", { team, days }), SUMS_EVERY_MS));
  const [first] = data;
  return (
    <Page
      title="Why tasks ran"
      facts="though they are cached"
      actions={
        <Chips
          label="Time"
          value={String(days)}
          chips={DAYS.map((count) => ({ id: String(count), text: count === 1 ? "1 day" : `${count} days` }))}
          onChange={(chosen) =>
            chosen !== undefined &&
            void navigate({ search: (previous) => ({ ...previous, days: Number(chosen) }) })
          }
        />
      }
      {...(first && { command: `cache explain ${quoted(first.dagId)} ${quoted(first.last.runId)}` })}
    >
      <Table
        caption="Misses by task and reason, the most frequent first"
        columns={COLUMNS}
        rows={data}
        keyOf={({ team: own, dagId, taskId, reason }) => `${own}/${dagId}/${taskId}/${reason}`}
        empty={<Empty title="No lookup missed in this time" />}
      />
    </Page>
  );
}
