// Advice, each line with a link to its proof.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { read, type OutputOf } from "../data/api.ts";
import { adviseOn, type Advice } from "./advice.ts";
import styles from "./home-page.module.css";

/** The lines; nothing where there is nothing to say. */
export function WorthALook({
  team,
  days,
  stats,
}: {
  readonly team: string | undefined;
  readonly days: number;
  readonly stats: OutputOf<"cache.stats">;
}): ReactNode {
  const reasons = useQuery(read("cache.reasons", { team, days })).data ?? [];
  const lines = adviseOn(stats, reasons);
  if (lines.length === 0) return null;
  return (
    <section aria-labelledby="worth-a-look">
      <h2 id="worth-a-look">Worth a look</h2>
      <ul className={styles.advice}>
        {lines.map((line) => (
          <li key={`${line.task?.team}/${line.task?.dagId}/${line.task?.taskId}/${line.text}`}>
            {line.task && (
              <>
                <code>
                  {line.task.dagId}.{line.task.taskId}
                </code>{" "}
              </>
            )}
            {line.text} → <Proof advice={line} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Proof({ advice: { task, proof } }: { readonly advice: Advice }): ReactNode {
  if (proof.kind === "health" || task === null) return <Link to="/cache/health">health of the cache</Link>;
  const { team, dagId, taskId } = task;
  if (proof.kind === "entries")
    return (
      <Link to="/cache/entries" search={{ team, dag: dagId, task: taskId }}>
        its entries
      </Link>
    );
  return (
    <Link
      to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
      params={{ team, dagId, runId: proof.runId, taskId, mapIndex: String(proof.mapIndex) }}
      search={{ tab: "why" }}
    >
      why
    </Link>
  );
}
