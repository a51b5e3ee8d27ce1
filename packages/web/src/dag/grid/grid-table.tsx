// The grid as a table, for those whom a picture does not help.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Table, type Column } from "../../controls/table.tsx";
import { formatShortTime } from "../../format/format.ts";
import { MarkIcon } from "../../marks/mark-icon.tsx";
import { markOfRow, wordsOfCell } from "./cells.ts";
import type { PaintedGrid } from "./draw-grid.ts";
import type { PlannedRow } from "./row-plan.ts";

/** Runs of the table: elements take their time. */
const RUNS = 20;

/** The table of the newest runs. */
export function GridTable({
  grid: { rows, runs, tasks },
  team,
  dagId,
}: {
  readonly grid: PaintedGrid;
  readonly team: string;
  readonly dagId: string;
}): ReactNode {
  const columns: Column<PlannedRow>[] = [
    { id: "task", head: "Task", cell: ({ id }) => id },
    ...runs
      .slice(-RUNS)
      .toReversed()
      .map((run) => ({
        id: run.runId,
        head: (
          <Link
            to="/teams/$team/dags/$dagId/runs/$runId"
            params={{ team, dagId, runId: run.runId }}
            title={run.runId}
          >
            {formatShortTime(run.createdAt)}
          </Link>
        ),
        cell: (row: PlannedRow) => (
          <MarkIcon mark={markOfRow(run, row)} label={wordsOfCell(run, row, tasks)} />
        ),
      })),
  ];
  return (
    <Table
      caption={`The newest ${Math.min(RUNS, runs.length)} runs of ${dagId} by task`}
      rows={rows.filter(({ kind }) => kind === "task")}
      keyOf={({ id }) => id}
      columns={columns}
      empty={null}
    />
  );
}
