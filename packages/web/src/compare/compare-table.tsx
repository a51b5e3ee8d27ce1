// The tasks of two runs beside each other.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import type { OutputOf } from "../data/api.ts";
import { formatCount, formatDuration } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { markOf } from "../marks/mark.ts";
import { sentenceOf } from "../marks/sentence.ts";
import { ChangesTable } from "../why/changes-table.tsx";
import { cellCounts, isWasted, type ComparedInstance, type CompareRow } from "./compare-rows.ts";
import styles from "./compare.module.css";

type Run = Pick<OutputOf<"runs.outline">, "team" | "dagId" | "runId">;

/** The table. */
export function CompareTable({
  rows,
  before,
  after,
}: {
  readonly rows: readonly CompareRow[];
  readonly before: Run;
  readonly after: Run;
}): ReactNode {
  if (rows.length === 0) return <Empty title="Nothing differs: all keys and results are the same" />;
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <caption className={styles.caption}>Tasks</caption>
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col">What differs</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={`${row.taskId} ${row.instance?.mapIndex ?? "all"}`}
              row={row}
              before={before}
              after={after}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  row,
  before,
  after,
}: {
  readonly row: CompareRow;
  readonly before: Run;
  readonly after: Run;
}): ReactNode {
  const { taskId, task, instance, words, isFirst } = row;
  const isPart = instance !== undefined && instance.mapIndex >= 0;
  return (
    <tr data-first={isFirst || undefined}>
      <th scope="row" className={isPart ? styles.part : undefined}>
        {instance ? (
          <Link
            to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
            params={{
              ...(instance.after === null ? before : after),
              taskId,
              mapIndex: String(instance.mapIndex),
            }}
            search={{ tab: "why" }}
          >
            {isPart ? `[${instance.mapIndex}]` : taskId}
          </Link>
        ) : (
          <Link to="/teams/$team/dags/$dagId/runs/$runId" params={after} search={{ text: taskId }}>
            {taskId}
          </Link>
        )}
      </th>
      <td>{instance ? <Side row={row} side={instance.before} /> : <Counts counts={task.before} />}</td>
      <td>{instance ? <Side row={row} side={instance.after} /> : <Counts counts={task.after} />}</td>
      <td className={styles.words}>
        {words}
        {instance && isWasted(instance) && (
          <abbr
            className={styles.wasted}
            title="Other inputs, same bytes: a coarser key could save this work"
          >
            ‹!›
          </abbr>
        )}
        {instance && instance.changes.length > 1 && (
          <details>
            <summary>{instance.changes.length} changes</summary>
            <ChangesTable changes={instance.changes} />
          </details>
        )}
      </td>
    </tr>
  );
}

function Side({
  row,
  side,
}: {
  readonly row: CompareRow;
  readonly side: ComparedInstance["before"];
}): ReactNode {
  if (side === null) return "–";
  const { taskId, instance } = row;
  const ms = side.cacheStatus === "hit" ? side.savedMs : side.durationMs;
  const label = sentenceOf({ ...side, taskId, mapIndex: instance?.mapIndex });
  return (
    <span className={styles.side}>
      <MarkIcon mark={markOf(side)} label={label} />
      {ms !== null && `${side.cacheStatus === "hit" ? "saved " : ""}${formatDuration(ms)}`}
    </span>
  );
}

function Counts({ counts }: { readonly counts: Readonly<Record<string, number>> }): ReactNode {
  return (
    <span className={styles.side}>
      {cellCounts(counts).map(({ cell, count }) => (
        <span key={`${cell.state} ${cell.cacheStatus}`} className={styles.count}>
          <MarkIcon mark={markOf(cell)} />×{formatCount(count)}
        </span>
      ))}
    </span>
  );
}
