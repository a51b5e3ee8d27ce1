// The last runs of a Dag as a strip of marks.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { OutputOf } from "../data/api.ts";
import { formatDuration, formatShortTime } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { runMarkOf } from "../marks/mark.ts";
import styles from "./dags-page.module.css";

/** A run. */
export type RecentRun = OutputOf<"runs.list">["items"][number];

const MOST = 14;

/** A strip. @param runs newest first */
export function RecentRuns({ runs }: { readonly runs: readonly RecentRun[] }): ReactNode {
  if (runs.length === 0) return <span className={styles.none}>has not run lately</span>;
  return (
    <span className={styles.strip}>
      {runs
        .slice(0, MOST)
        .toReversed()
        .map((run) => (
          <Link
            key={run.runId}
            to="/teams/$team/dags/$dagId/runs/$runId"
            params={run}
            className={styles.run}
            title={wordsOf(run)}
          >
            <MarkIcon mark={runMarkOf(run)} label={wordsOf(run)} />
          </Link>
        ))}
    </span>
  );
}

function wordsOf(run: RecentRun): string {
  const { createdAt, hits, ran, savedMs } = run;
  const sums = hits === null ? [] : [`${hits} remembered`, `${ran} ran`];
  const saved = savedMs ? [`saved ${formatDuration(savedMs)}`] : [];
  return [formatShortTime(createdAt), runMarkOf(run).words, ...sums, ...saved].join(", ");
}
