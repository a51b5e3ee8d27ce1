// Why an instance ran, or which run its result is from: the verdict, what changed by name, and what can be done.

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { read } from "../data/api.ts";
import { ChangesTable } from "../why/changes-table.tsx";
import { whyWords } from "../why/change-words.ts";
import { EntryFacts } from "./entry-facts.tsx";
import styles from "./instance.module.css";
import type { TabProps } from "./instance-tab.ts";

/** The tab. */
export function WhyTab({ name, instance }: TabProps): ReactNode {
  const { team, dagId, runId } = name;
  const { data: why } = useSuspenseQuery(read("cache.explain", name));
  const { data: entries } = useQuery({
    ...read("cache.list", { team, key: why.key ?? "", limit: 1 }),
    enabled: why.key !== null,
  });
  const { cause, producer } = why;
  const entry = entries?.items[0];
  return (
    <div className={styles.why}>
      <p className={styles.verdict}>{why.verdict}</p>
      {cause && (
        <p>
          It began with{" "}
          <Link
            to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
            params={{ team, dagId, runId, taskId: cause.taskId, mapIndex: String(cause.mapIndex) }}
            search={{ tab: "why" }}
          >
            {cause.taskId}: {whyWords(cause)}
          </Link>
        </p>
      )}
      {why.changes.length > 0 && <ChangesTable changes={why.changes} />}
      {why.comparedRunId !== null && (
        <p>
          Compared with{" "}
          <Link to="/teams/$team/dags/$dagId/runs/$runId" params={{ team, dagId, runId: why.comparedRunId }}>
            {why.comparedRunId}
          </Link>
          {", "}
          <Link
            to="/teams/$team/dags/$dagId/compare"
            params={{ team, dagId }}
            search={{ before: why.comparedRunId, after: runId }}
          >
            all that differs
          </Link>
        </p>
      )}
      {why.advice !== null && <p className={styles.advice}>{why.advice}</p>}
      {[...(why.vouchedFor ?? []), ...(why.isolation ?? [])].map((sentence) => (
        <p key={sentence} className={styles.quiet}>
          {sentence}
        </p>
      ))}
      {producer && (
        <p>
          The result is of{" "}
          <Link
            to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
            params={{
              team,
              dagId: entry?.dagId ?? dagId,
              runId: producer.runId,
              taskId: entry?.taskId ?? name.taskId,
              mapIndex: String(producer.mapIndex),
            }}
          >
            run {producer.runId}
          </Link>
          {producer.tryNumber > 1 && `, try ${producer.tryNumber}`}
        </p>
      )}
      {why.key !== null && (
        <EntryFacts cacheKey={why.key} entry={entry} isHit={instance.cacheStatus === "hit"} />
      )}
    </div>
  );
}
