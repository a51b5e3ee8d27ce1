// Marks on a canvas: the same parts as in the DOM, by rectangles, which are painted fastest.

import { resolveColors } from "../theme/theme.ts";
import { MARK_LINE, MARK_SIZE, TONES, type Ink, type Mark, type Tone } from "./mark.ts";

/** Colours of a canvas. */
export interface Palette {
  of(tone: Tone, ink: Ink): string;
}

/** Reads the colours of the current theme. */
export function readPalette(ground = "var(--ground)"): Palette {
  const tones = TONES.map((tone) => `var(--state-${tone})`);
  const washes = TONES.map((tone) => washOf(tone, ground));
  const [groundColor = "", ...colors] = resolveColors([ground, ...tones, ...washes]);
  const at = new Map(TONES.map((tone, index) => [tone, index]));
  return {
    of(tone, ink) {
      if (ink === "ground") return groundColor;
      const index = at.get(tone) ?? 0;
      return colors[ink === "tone" ? index : index + TONES.length] ?? groundColor;
    },
  };
}

/** The light colour of a state, in CSS. */
export function washOf(tone: Tone, ground = "var(--ground)"): string {
  return `color-mix(in oklab, var(--state-${tone}) 16%, ${ground})`;
}

/** Draws a mark whose upper left corner is at `x`, `y`. @param size its side in pixels */
export function drawMark(
  context: CanvasRenderingContext2D,
  mark: Mark,
  palette: Palette,
  { x, y, size = MARK_SIZE }: { readonly x: number; readonly y: number; readonly size?: number },
): void {
  const scale = size / MARK_SIZE;
  for (const part of mark.parts) {
    const color = palette.of(mark.tone, part.ink);
    if (part.shape === "rect") {
      context.fillStyle = color;
      context.fillRect(x + part.x * scale, y + part.y * scale, part.width * scale, part.height * scale);
    } else {
      context.strokeStyle = color;
      context.lineWidth = MARK_LINE * scale;
      context.beginPath();
      for (const [px, py] of part.points) context.lineTo(x + px * scale, y + py * scale);
      context.stroke();
    }
  }
}
