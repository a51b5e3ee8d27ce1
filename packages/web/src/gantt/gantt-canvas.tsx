// The canvas of the gantt: as large as what is seen, and painted anew when anything of it changes.

import { useEffect, useRef, type ReactNode } from "react";
import { onThemeChange } from "../theme/theme.ts";
import { drawGantt, type GanttPicture } from "./draw-gantt.ts";
import { readGanttColors, type GanttColors } from "./gantt-colors.ts";
import styles from "./gantt.module.css";

/** The canvas. Sizes are pixels. */
export function GanttCanvas({
  picture,
  width,
  height,
  scrollTop,
}: {
  readonly picture: GanttPicture;
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
}): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = useRef<GanttColors>(undefined);
  const paint = useRef<() => void>(() => undefined);
  useEffect(() => {
    paint.current = () => {
      const context = canvas.current?.getContext("2d");
      if (!canvas.current || !context || width <= 0 || height <= 0) return;
      const ratio = devicePixelRatio;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.current.width !== wide) canvas.current.width = wide;
      if (canvas.current.height !== high) canvas.current.height = high;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      colors.current ??= readGanttColors();
      drawGantt(context, { width, height, scrollTop }, picture, colors.current);
    };
    const frame = requestAnimationFrame(() => paint.current());
    return () => cancelAnimationFrame(frame);
  }, [picture, width, height, scrollTop]);
  useEffect(
    () =>
      onThemeChange(() => {
        colors.current = undefined;
        requestAnimationFrame(() => paint.current());
      }),
    [],
  );
  return <canvas ref={canvas} className={styles.canvas} style={{ width, height }} aria-hidden="true" />;
}
