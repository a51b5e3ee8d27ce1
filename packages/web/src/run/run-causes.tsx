// Why tasks ran though their results could have been remembered: by cause, each with how many instances it had run.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { read } from "../data/api.ts";
import { formatCount } from "../format/format.ts";
import { causesOf, whyWords, type CauseGroup } from "../why/change-words.ts";
import type { Outline } from "./run-facts.tsx";
import styles from "./run-page.module.css";
import { withoutAbsent } from "./run-search.ts";

/** Causes that are shown. */
const MOST_CAUSES = 5;

/** Instances of a run under way whose causes are asked for as they change. */
const MOST_LIVE = 1_000;

/** The causes; nothing where there are none. */
export function RunCauses({
  outline,
  instances,
}: {
  readonly outline: Outline;
  readonly instances: number;
}): ReactNode {
  const { team, dagId, runId, endedAt } = outline;
  const { data } = useQuery({
    ...read("cache.explain-run", { team, dagId, runId }),
    enabled: endedAt !== null || instances <= MOST_LIVE,
  });
  const causes = causesOf(data?.groups ?? []);
  if (causes.length === 0) return null;
  return (
    <section className={styles.causes} aria-label="Why tasks ran">
      <h2>Why tasks ran</h2>
      <ul>
        {causes.slice(0, MOST_CAUSES).map((group, index) => (
          <Cause key={index} group={group} />
        ))}
        {causes.length > MOST_CAUSES && <li>{formatCount(causes.length - MOST_CAUSES)} other causes</li>}
      </ul>
    </section>
  );
}

function Cause({ group }: { readonly group: CauseGroup }): ReactNode {
  const { taskId, count, tasks } = group;
  const others = tasks.filter((task) => task.taskId !== taskId);
  return (
    <li>
      <Link
        from="/teams/$team/dags/$dagId/runs/$runId"
        search={(before) => withoutAbsent({ ...before, task: taskId, index: undefined, tab: "why" })}
        className={styles.cause}
      >
        {taskId}: {whyWords(group)}
      </Link>{" "}
      <span className={styles.quiet}>
        {formatCount(count)} {count === 1 ? "instance" : "instances"}
        {others.length > 0 && `, with ${others.map((task) => task.taskId).join(", ")}`}
      </span>
    </li>
  );
}
