// Colours of the gantt's canvas, read from the theme once for each change of it.

import { readPalette, type Palette } from "../marks/draw-mark.ts";
import { TONES, type Tone } from "../marks/mark.ts";
import { resolveColors } from "../theme/theme.ts";

/** Colours and patterns. */
export interface GanttColors {
  readonly palette: Palette;
  readonly line: string;
  readonly words: string;
  readonly waited: string;
  readonly font: string;
  /** Hatched: time that was saved. */
  hatch(tone: Tone): CanvasPattern | string;
  /** A light colour for many hits beside each other. */
  soft(tone: Tone): string;
}

/** Reads them. */
export function readGanttColors(): GanttColors {
  const palette = readPalette();
  const soft = resolveColors(
    TONES.map((tone) => `color-mix(in oklab, var(--state-${tone}) 40%, var(--ground))`),
  );
  const [line = "", words = "", waited = ""] = resolveColors([
    "var(--line)",
    "var(--text-quiet)",
    "color-mix(in oklab, var(--state-queued) 45%, var(--ground))",
  ]);
  const hatches = new Map(TONES.map((tone, at) => [tone, hatchOf(soft[at] ?? line)]));
  return {
    palette,
    line,
    words,
    waited,
    font: `11px ${getComputedStyle(document.documentElement).fontFamily}`,
    hatch: (tone) => hatches.get(tone) ?? line,
    soft: (tone) => soft[TONES.indexOf(tone)] ?? line,
  };
}

const SIDE = 6;

function hatchOf(color: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  tile.width = tile.height = SIDE;
  const context = tile.getContext("2d");
  if (!context) return color;
  context.strokeStyle = color;
  context.lineWidth = 1.6;
  // Beyond the edges, so that lines of tiles meet.
  for (const shift of [-SIDE, 0, SIDE]) {
    context.beginPath();
    context.moveTo(shift - 1, SIDE + 1);
    context.lineTo(shift + SIDE + 1, -1);
    context.stroke();
  }
  return context.createPattern(tile, "repeat") ?? color;
}
