// A task in a graph: its name, filled where it worked and outlined where it was remembered.

import type { ReactNode } from "react";
import { MARK_SIZE, type Mark } from "../../marks/mark.ts";
import { MarkIcon } from "../../marks/mark-icon.tsx";
import { NODE_HEIGHT } from "./graph.ts";
import styles from "./graph-view.module.css";

/** A node. */
export function GraphNode({
  taskId,
  isMapped,
  mark,
  x,
  y,
  width,
}: {
  readonly taskId: string;
  readonly isMapped: boolean;
  readonly mark: Mark;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}): ReactNode {
  const words = `${taskId}${isMapped ? ", mapped" : ""}: ${mark.words}`;
  return (
    <g role="img" aria-label={words} className={styles.node} data-kind={mark.kind} data-tone={mark.tone}>
      <title>{words}</title>
      {isMapped && (
        <rect x={x + 4} y={y + 4} width={width} height={NODE_HEIGHT} rx={4} className={styles.behind} />
      )}
      <rect x={x} y={y} width={width} height={NODE_HEIGHT} rx={4} className={styles.box} />
      <svg x={x + 10} y={y + (NODE_HEIGHT - MARK_SIZE) / 2} width={MARK_SIZE} height={MARK_SIZE}>
        <MarkIcon mark={mark} label="" />
      </svg>
      <text x={x + 28} y={y + NODE_HEIGHT / 2 + 4}>
        {taskId}
      </text>
    </g>
  );
}
