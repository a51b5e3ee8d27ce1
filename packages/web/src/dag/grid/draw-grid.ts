// Paints a grid: cells by their shapes, one colour after another, as changing colours is what takes time.

import { drawMark, type Palette } from "../../marks/draw-mark.ts";
import { MARK_LINE, MARK_SIZE, runMarkOf, type Mark, type MarkPart } from "../../marks/mark.ts";
import { markOfRow, segmentsOf, type Segment } from "./cells.ts";
import { COLUMN, HEAD, MARK, ROW, visibleSpan, type Viewport } from "./geometry.ts";
import type { GridRun, GridTask } from "./grid-data.ts";
import type { PlannedRow } from "./row-plan.ts";

/** A grid to paint. `runs` begin with the oldest. */
export interface PaintedGrid {
  readonly rows: readonly PlannedRow[];
  readonly runs: readonly GridRun[];
  readonly tasks: readonly GridTask[];
}

/** Colours besides those of marks. */
export interface GridColors {
  readonly line: string;
  readonly version: string;
}

/** Paints all that is seen. The origin is the corner above the first column. */
export function drawGrid(
  context: CanvasRenderingContext2D,
  grid: PaintedGrid,
  view: Viewport,
  palette: Palette,
  colors: GridColors,
): void {
  context.clearRect(0, 0, view.width, view.height + HEAD);
  const columns = visibleSpan(view.left, view.width, COLUMN, grid.runs.length);
  drawHead(context, grid, { ...view, columns }, palette, colors);
  context.save();
  context.beginPath();
  context.rect(0, HEAD, view.width, view.height);
  context.clip();
  const rows = visibleSpan(view.top, view.height, ROW, grid.rows.length);
  const marks = new Map<Mark, number[]>();
  const bars: { readonly x: number; readonly y: number; readonly segments: readonly Segment[] }[] = [];
  for (let column = columns.first; column < columns.end; column++) {
    const run = grid.runs[column];
    if (!run) continue;
    const x = column * COLUMN - view.left + (COLUMN - MARK) / 2;
    for (let index = rows.first; index < rows.end; index++) {
      const row = grid.rows[index];
      if (!row) continue;
      const y = HEAD + index * ROW - view.top + (ROW - MARK) / 2;
      const segments = segmentsOf(run, row, grid.tasks);
      if (segments) bars.push({ x, y, segments });
      else {
        const mark = markOfRow(run, row);
        const places = marks.get(mark) ?? [];
        if (places.length === 0) marks.set(mark, places);
        places.push(x, y);
      }
    }
  }
  for (const [mark, places] of marks)
    for (const part of mark.parts) drawPart(context, mark, part, places, palette);
  for (const { x, y, segments } of bars) drawBar(context, x, y, segments, palette);
  drawVersions(context, grid, { ...view, columns }, colors);
  context.restore();
}

function drawPart(
  context: CanvasRenderingContext2D,
  mark: Mark,
  part: MarkPart,
  places: readonly number[],
  palette: Palette,
): void {
  const scale = MARK / MARK_SIZE;
  const color = palette.of(mark.tone, part.ink);
  if (part.shape === "rect") {
    context.fillStyle = color;
    const [px, py, width, height] = [part.x * scale, part.y * scale, part.width * scale, part.height * scale];
    for (let at = 0; at < places.length; at += 2)
      context.fillRect((places[at] ?? 0) + px, (places[at + 1] ?? 0) + py, width, height);
    return;
  }
  context.strokeStyle = color;
  context.lineWidth = MARK_LINE * scale;
  context.beginPath();
  for (let at = 0; at < places.length; at += 2) {
    for (const [index, [px, py]] of part.points.entries()) {
      const x = (places[at] ?? 0) + px * scale;
      const y = (places[at + 1] ?? 0) + py * scale;
      if (index === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
  }
  context.stroke();
}

/** A bar of parts beside each other, each at least a pixel wide; what is remembered is hollow here, too. */
function drawBar(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  segments: readonly Segment[],
  palette: Palette,
): void {
  const total = segments.reduce((sum, { count }) => sum + count, 0);
  let from = x;
  for (const [index, { mark, count }] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const width = isLast ? x + MARK - from : Math.max(2, Math.round((count / total) * MARK));
    const isHollow =
      mark.kind === "remembered" || mark.kind === "failed-remembered" || mark.kind === "queued";
    context.fillStyle = palette.of(mark.tone, mark.kind === "none" ? "wash" : "tone");
    context.fillRect(from, y, width, MARK);
    if (isHollow && width > 2) {
      context.fillStyle = palette.of(mark.tone, "wash");
      context.fillRect(from + 1, y + 2, width - 2, MARK - 4);
    }
    from += width;
  }
  // Lines across tell several instances from one.
  context.fillStyle = palette.of("success", "ground");
  context.fillRect(x, y + MARK / 2 - 0.5, MARK, 1);
}

type Columns = Viewport & { readonly columns: { readonly first: number; readonly end: number } };

/** Bars of times: worked below, saved above, by the longest of all runs. */
function drawHead(
  context: CanvasRenderingContext2D,
  { runs }: PaintedGrid,
  { left, width, columns }: Columns,
  palette: Palette,
  { line }: GridColors,
): void {
  const longest = Math.max(1, longestOf({ runs }));
  const height = HEAD - 24;
  const base = HEAD - 20;
  for (let column = columns.first; column < columns.end; column++) {
    const run = runs[column];
    if (!run) continue;
    const x = column * COLUMN - left + (COLUMN - 10) / 2;
    const worked = heightOf(run.workedMs, longest, height);
    const saved = heightOf(run.savedMs, longest, height);
    drawMark(context, runMarkOf(run), palette, { x: x - 1, y: HEAD - 17, size: MARK });
    const tone = run.state === "failed" ? "failed" : run.state === "running" ? "running" : "success";
    context.fillStyle = palette.of(tone, "tone");
    context.fillRect(x, base - worked, 10, worked);
    if (saved === 0) continue;
    context.fillStyle = palette.of("success", "wash");
    context.fillRect(x, base - worked - saved, 10, saved);
    context.fillStyle = palette.of("success", "tone");
    for (let y = base - worked - 2; y >= base - worked - saved; y -= 3) context.fillRect(x, y, 10, 1);
  }
  context.fillStyle = line;
  context.fillRect(0, HEAD - 1, width, 1);
}

/** Milliseconds that the longest run worked and saved. */
export function longestOf({ runs }: Pick<PaintedGrid, "runs">): number {
  return runs.reduce((most, { workedMs, savedMs }) => Math.max(most, workedMs + savedMs), 0);
}

function heightOf(ms: number, longest: number, height: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.round((ms / longest) * height));
}

/** A line before each column whose version of the Dag is another one. */
function drawVersions(
  context: CanvasRenderingContext2D,
  { runs }: PaintedGrid,
  { left, height, columns }: Columns,
  { version }: GridColors,
): void {
  context.fillStyle = version;
  for (let column = Math.max(1, columns.first); column < columns.end; column++)
    if (runs[column]?.version !== runs[column - 1]?.version)
      context.fillRect(column * COLUMN - left - 0.5, HEAD, 1, height);
}
