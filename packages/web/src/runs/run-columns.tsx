// The columns of lists of runs.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import type { OutputOf } from "../data/api.ts";
import { formatCount, formatDuration, shortRunId } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { runMarkOf } from "../marks/mark.ts";
import styles from "./runs-page.module.css";

/** A run in a list. */
export type ListedRun = OutputOf<"runs.list">["items"][number];

export const runColumns: readonly Column<ListedRun>[] = [
  { id: "run", head: "Run", cell: (run) => <RunLink run={run} /> },
  { id: "type", head: "Type", cell: ({ runType }) => runType },
  { id: "created", head: "Created", cell: ({ createdAt }) => <Time iso={createdAt} /> },
  { id: "took", head: "Took", align: "end", cell: tookOf },
  { id: "remembered", head: "Remembered", align: "end", cell: ({ hits }) => numberOf(hits) },
  { id: "ran", head: "Ran", align: "end", cell: ({ ran }) => numberOf(ran) },
  { id: "tasks", head: "Failed or running tasks", cell: (run) => <NotedTasks run={run} /> },
  { id: "failed", head: "Failed", align: "end", cell: ({ failed }) => (failed ? numberOf(failed) : "–") },
  {
    id: "saved",
    head: "Saved",
    align: "end",
    cell: ({ savedMs }) => (savedMs ? <span className={styles.saved}>{formatDuration(savedMs)}</span> : "–"),
  },
];

function RunLink({ run }: { readonly run: ListedRun }): ReactNode {
  const mark = runMarkOf(run);
  const words = run.isInterrupted ? `${mark.words}, interrupted` : mark.words;
  return (
    <Link to="/teams/$team/dags/$dagId/runs/$runId" params={run} className={styles.run}>
      <MarkIcon mark={mark} label={words} />
      <span className={styles.dag}>{run.dagId}</span>
      <span className={styles.id}>{shortRunId(run.runId)}</span>
    </Link>
  );
}

/** Tasks that are named. */
const MOST_NAMED = 2;

function NotedTasks({ run: { taskIds, taskCount, ...params } }: { readonly run: ListedRun }): ReactNode {
  if (taskCount === 0) return "–";
  const named = taskIds.slice(0, MOST_NAMED);
  return (
    <span className={styles.tasks}>
      {named.map((task) => (
        <Link key={task} to="/teams/$team/dags/$dagId/runs/$runId" params={params} search={{ task }}>
          {task}
        </Link>
      ))}
      {taskCount > named.length && (
        <span className={styles.id}>+{formatCount(taskCount - named.length)}</span>
      )}
    </span>
  );
}

function numberOf(count: number | null): ReactNode {
  return count === null ? "–" : formatCount(count);
}

function tookOf({ startedAt, endedAt }: ListedRun): ReactNode {
  if (startedAt === null || endedAt === null) return "–";
  return formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
}
