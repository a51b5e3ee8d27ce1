// Runs of Home with the tasks that they are about.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Time } from "../controls/time.tsx";
import type { OutputOf } from "../data/api.ts";
import { shortRunId } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { runMarkOf } from "../marks/mark.ts";
import styles from "./home-page.module.css";

type NotedRun = OutputOf<"runs.home">["active"][number];

/** A list of runs. */
export function NotedRuns({
  runs,
  empty,
  about,
}: {
  readonly runs: readonly NotedRun[];
  readonly empty: string;
  readonly about: "active" | "failed";
}): ReactNode {
  if (runs.length === 0) return <p className={styles.quiet}>{empty}</p>;
  return (
    <ul className={styles.list}>
      {runs.map((run) => (
        <li key={`${run.team}/${run.dagId}/${run.runId}`}>
          <Link to="/teams/$team/dags/$dagId/runs/$runId" params={run}>
            <MarkIcon mark={runMarkOf(run)} />
            <span className={styles.name}>{run.dagId}</span>
            <span>{shortRunId(run.runId)}</span>
          </Link>
          <span className={styles.aside}>
            {about === "active" ? progressOf(run) : run.taskIds.join(", ")}{" "}
            <Time iso={about === "active" ? run.createdAt : run.endedAt} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const ENDED = ["success", "failed", "upstream_failed", "skipped"] as const;

function progressOf({ tasks, state }: NotedRun): string {
  const all = Object.values(tasks).reduce((sum, count) => sum + count, 0);
  if (all === 0) return state;
  const ended = ENDED.reduce((sum, some) => sum + (tasks[some] ?? 0), 0);
  return `${ended}/${all}`;
}
