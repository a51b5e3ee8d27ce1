// Entries of job caches that a run uses, with a preview of one.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { quoted } from "../format/quoted.ts";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { formatBytes, shortRunId } from "../format/format.ts";
import { EntryPreview } from "./entry-preview.tsx";
import styles from "./job-entries-page.module.css";

type JobEntry = OutputOf<"entries.list">[number];

const COLUMNS: readonly Column<JobEntry>[] = [
  {
    id: "key",
    head: "Key",
    cell: ({ key, cache }) => (
      <Link
        from="/teams/$team/dags/$dagId/runs/$runId/entries"
        search={({ team }) => ({ ...(team && { team }), key, ...(cache !== "" && { cache }) })}
      >
        {key}
      </Link>
    ),
  },
  { id: "cache", head: "Cache", cell: ({ cache }) => (cache === "" ? "of the run" : cache) },
  { id: "size", head: "Size", align: "end", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  {
    id: "task",
    head: "Saved by",
    cell: ({ producer: { taskId, mapIndex, runId } }) =>
      `${taskId}${mapIndex === -1 ? "" : `[${mapIndex}]`}${runId === "" ? "" : ` of ${shortRunId(runId)}`}`,
  },
  { id: "saved", head: "Saved", cell: ({ savedAt }) => <Time iso={savedAt} /> },
];

const route = getRouteApi("/teams/$team/dags/$dagId/runs/$runId/entries");

/** The page. */
export function JobEntriesPage(): ReactNode {
  const name = route.useParams();
  const { key, cache = "" } = route.useSearch();
  const { data } = useSuspenseQuery(read("entries.list", name));
  const shown = data.find((entry) => entry.key === key && entry.cache === cache);
  return (
    <Page
      title="Entries of job caches"
      facts={
        <Link to="/teams/$team/dags/$dagId/runs/$runId" params={name}>
          {name.dagId} {shortRunId(name.runId)}
        </Link>
      }
      command={`entries ls ${quoted(name.dagId)} ${quoted(name.runId)}`}
    >
      <div className={styles.columns}>
        <Table
          caption="Entries by cache and key"
          columns={COLUMNS}
          rows={data}
          keyOf={(entry) => `${entry.cache} ${entry.key}`}
          empty={
            <Empty title="No task of this run saved an entry">
              <p>
                A task saves one with <code>{'getContext().jobCache.save("KEY", BYTES)'}</code>.
              </p>
            </Empty>
          }
        />
        {shown && <EntryPreview key={`${shown.cache} ${shown.digest}`} run={name} entry={shown} />}
        {key !== undefined && !shown && <p role="status">There is no entry {key} any more.</p>}
      </div>
    </Page>
  );
}
