// The name of a row: a link to the instance, or a button that opens a mapped task.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "../controls/icon.tsx";
import { formatCount } from "../format/format.ts";
import type { PlannedRow } from "../gantt/row-plan.ts";
import type { RunInstance } from "../instances/instance-table.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { getMark, markOf, type Mark } from "../marks/mark.ts";
import { sentenceOf } from "../marks/sentence.ts";
import styles from "./run-rows.module.css";
import { withoutAbsent } from "./run-search.ts";

/** The name. */
export function RowName({
  row,
  onToggle,
}: {
  readonly row: PlannedRow;
  readonly onToggle: (taskId: string) => void;
}): ReactNode {
  const { taskId } = row;
  if (row.kind === "instance")
    return <InstanceLink instance={row.instance} text={`[${row.instance.mapIndex}]`} />;
  if (!row.isMapped) {
    const [instance] = row.instances;
    return instance ? (
      <InstanceLink instance={instance} text={taskId} />
    ) : (
      <span className={styles.pending}>
        <MarkIcon mark={getMark("none")} /> {taskId}
      </span>
    );
  }
  return (
    <button type="button" className={styles.fold} aria-expanded={row.isOpen} onClick={() => onToggle(taskId)}>
      <Icon name={row.isOpen ? "down" : "right"} />
      <Counts instances={row.instances} />
      <span className={styles.text}>{taskId}</span>
      <span className={styles.quiet}>×{formatCount(row.instances.length)}</span>
    </button>
  );
}

function InstanceLink({
  instance,
  text,
}: {
  readonly instance: RunInstance;
  readonly text: string;
}): ReactNode {
  const { taskId, mapIndex } = instance;
  return (
    <Link
      from="/teams/$team/dags/$dagId/runs/$runId"
      search={(before) =>
        withoutAbsent({
          ...before,
          task: taskId,
          index: mapIndex < 0 ? undefined : mapIndex,
          tab: undefined,
        })
      }
      replace
      className={mapIndex < 0 ? styles.link : `${styles.link} ${styles.indented}`}
    >
      <MarkIcon mark={markOf(instance)} label={sentenceOf(instance)} />
      <span className={styles.text}>{text}</span>
    </Link>
  );
}

/** Marks of a mapped task that are shown. */
const MOST_MARKS = 3;

function Counts({ instances }: { readonly instances: readonly RunInstance[] }): ReactNode {
  const counts = new Map<Mark["kind"], number>();
  for (const instance of instances) {
    const { kind } = markOf(instance);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  // Kinds are in the order of the legend: failures first.
  const kinds = [...counts].toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b)).slice(0, MOST_MARKS);
  return (
    <span className={styles.counts}>
      {kinds.map(([kind, count]) => (
        <MarkIcon key={kind} mark={getMark(kind)} label={`${formatCount(count)} ${getMark(kind).words}`} />
      ))}
    </span>
  );
}

const ORDER: readonly Mark["kind"][] = [
  "failed",
  "upstream",
  "running",
  "retry",
  "queued",
  "worked",
  "remembered",
];
