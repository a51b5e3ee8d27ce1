// The axis above the gantt: durations after the start.

import type { ReactNode } from "react";
import { formatDuration } from "../format/format.ts";
import styles from "./gantt.module.css";
import { ticksOf, type TimeScale } from "./time-scale.ts";

/** Pixels of a label. */
const LABEL_WIDTH = 54;

/** The axis. */
export function GanttAxis({ scale }: { readonly scale: TimeScale }): ReactNode {
  return (
    <div className={styles.axis} aria-hidden="true">
      {ticksOf(scale)
        .filter(({ x }) => x <= scale.width - LABEL_WIDTH)
        .map(({ after, x }) => (
          <span key={after} className={styles.tick} style={{ left: Math.round(x) }}>
            {after === 0 ? "0" : formatDuration(after)}
          </span>
        ))}
    </div>
  );
}
