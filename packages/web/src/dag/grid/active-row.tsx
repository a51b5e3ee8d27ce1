// The active row of a grid in the DOM, for screen readers.

import { memo, type ReactNode } from "react";
import type { PaintedGrid } from "./draw-grid.ts";
import type { Place } from "./geometry.ts";
import styles from "./grid-canvas.module.css";

/** The id of the element of a cell. */
export function cellId({ row, column }: Place): string {
  return `grid-${row}-${column}`;
}

/** A row: the head's has the runs. It stays as it is while the grid is scrolled. */
export const ActiveRow = memo(Row);

function Row({
  grid,
  place: { row },
  say,
}: {
  readonly grid: PaintedGrid;
  readonly place: Place;
  readonly say: (place: Place) => string;
}): ReactNode {
  return (
    <div role="row" aria-rowindex={row + 2} className={styles.hidden}>
      <div role="rowheader" aria-colindex={1}>
        {row < 0 ? "Runs" : grid.rows[row]?.id}
      </div>
      {grid.runs.map(({ runId }, column) => (
        <div key={runId} id={cellId({ row, column })} role="gridcell" aria-colindex={column + 2}>
          {say({ row, column })}
        </div>
      ))}
    </div>
  );
}
