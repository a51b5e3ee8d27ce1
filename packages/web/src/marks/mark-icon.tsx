// Marks in the DOM, each with its sentence.

import type { ReactNode } from "react";
import { washOf } from "./draw-mark.ts";
import { MARK_LINE, MARK_SIZE, type Mark, type MarkPart } from "./mark.ts";
import styles from "./mark-icon.module.css";

/** A mark. @param label the sentence that screen readers and the tooltip have; `""` beside a text that says the same */
export function MarkIcon({
  mark,
  label = mark.words,
  size = MARK_SIZE,
}: {
  readonly mark: Mark;
  readonly label?: string | undefined;
  readonly size?: number;
}): ReactNode {
  const name = label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <svg
      className={styles.mark}
      data-kind={mark.kind}
      width={size}
      height={size}
      viewBox={`0 0 ${MARK_SIZE} ${MARK_SIZE}`}
      {...name}
    >
      {label !== "" && <title>{label}</title>}
      {mark.parts.map((part, index) => (
        <Part key={index} part={part} mark={mark} />
      ))}
    </svg>
  );
}

function Part({ part, mark }: { readonly part: MarkPart; readonly mark: Mark }): ReactNode {
  const color =
    part.ink === "ground"
      ? "var(--ground)"
      : part.ink === "wash"
        ? washOf(mark.tone)
        : `var(--state-${mark.tone})`;
  if (part.shape === "rect") {
    const { x, y, width, height } = part;
    return <rect x={x} y={y} width={width} height={height} fill={color} />;
  }
  const points = part.points.map((point) => point.join(",")).join(" ");
  return <polyline points={points} fill="none" stroke={color} strokeWidth={MARK_LINE} />;
}
