// Paints the rows of a run on a canvas: waiting, work, earlier tries, and hits with a ghost as long as what they saved.

import { formatDuration } from "../format/format.ts";
import { rowKey, type RunInstance } from "../instances/instance-table.ts";
import { markOf } from "../marks/mark.ts";
import type { AsIfRun } from "./as-if.ts";
import type { GanttColors } from "./gantt-colors.ts";
import type { PlannedRow } from "./row-plan.ts";
import { ticksOf, type TimeScale } from "./time-scale.ts";

/** Pixels of a row. */
export const ROW_HEIGHT = 24;

/** A try, for what a bar shows besides its work. Times are milliseconds since the Unix epoch. */
export interface BarTry {
  readonly readyAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** Everything that is painted. */
export interface GanttPicture {
  readonly rows: readonly PlannedRow[];
  readonly scale: TimeScale;
  /** Present: bars are laid out as if nothing were remembered. */
  readonly asIf?: AsIfRun | undefined;
  /** By the key of an instance. */
  readonly tries: ReadonlyMap<string, readonly BarTry[]>;
  /** The end of what runs, in milliseconds since the Unix epoch. */
  readonly now: number;
  readonly chosen?: string | undefined;
}

type Context = CanvasRenderingContext2D;

const BAR_HEIGHT = 10;
const DIAMOND = 4.5;
const LEAST_WIDTH = 1.5;
const LEAST_STRIP = 1;
const GAP = 6;

/** Paints the rows that are seen. @param scrollTop pixels above them */
export function drawGantt(
  context: Context,
  {
    width,
    height,
    scrollTop,
  }: { readonly width: number; readonly height: number; readonly scrollTop: number },
  picture: GanttPicture,
  colors: GanttColors,
): void {
  context.clearRect(0, 0, width, height);
  context.fillStyle = colors.line;
  for (const { x } of ticksOf(picture.scale)) context.fillRect(Math.round(x), 0, 1, height);
  const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT));
  const end = Math.min(picture.rows.length, Math.ceil((scrollTop + height) / ROW_HEIGHT));
  context.font = colors.font;
  context.textBaseline = "middle";
  for (let at = first; at < end; at++) {
    const row = picture.rows[at];
    if (!row) continue;
    const y = at * ROW_HEIGHT - scrollTop;
    const [only, ...others] = row.kind === "task" ? row.instances : [row.instance];
    if (!only) continue;
    if (others.length === 0) drawInstance(context, only, y, picture, colors);
    else drawStrip(context, [only, ...others], y, picture, colors);
  }
}

function drawInstance(
  context: Context,
  instance: RunInstance,
  y: number,
  picture: GanttPicture,
  colors: GanttColors,
): void {
  const { scale, asIf } = picture;
  const key = rowKey(instance.taskId, instance.mapIndex);
  const top = y + (ROW_HEIGHT - BAR_HEIGHT) / 2;
  const { tone } = markOf(instance);
  const isHit = instance.cacheStatus === "hit";
  if (asIf) {
    const bar = asIf.bars.get(key);
    if (!bar || bar.to === bar.from) return;
    const x = scale.x(scale.from + bar.from);
    const length = Math.max(scale.x(scale.from + bar.to) - x, LEAST_WIDTH);
    context.fillStyle = isHit ? colors.hatch(tone) : colors.palette.of(tone, "tone");
    context.fillRect(x, top, length, BAR_HEIGHT);
    const words = `${isHit ? "saved " : ""}${formatDuration(bar.to - bar.from)}`;
    drawWords(context, words, x, x + length, y, picture, colors);
    return;
  }
  if (isHit) {
    drawHit(context, instance, y, picture, colors);
    return;
  }
  const tries = picture.tries.get(key) ?? [];
  for (const [at, one] of tries.entries()) drawTry(context, one, y, at < tries.length - 1, picture, colors);
  if (instance.startedAt === null) return;
  const x = scale.x(instance.startedAt);
  const length = Math.max(scale.x(instance.endedAt ?? picture.now) - x, LEAST_WIDTH);
  context.fillStyle = colors.palette.of(tone, "tone");
  context.fillRect(x, top, length, BAR_HEIGHT);
  // The browser's clock may be behind the server's.
  const ms = instance.durationMs ?? Math.max(0, (instance.endedAt ?? picture.now) - instance.startedAt);
  drawWords(context, formatDuration(ms), x, x + length, y, picture, colors);
}

/** A diamond at its moment, and a ghost as long as what it saved. */
function drawHit(
  context: Context,
  hit: RunInstance,
  y: number,
  picture: GanttPicture,
  colors: GanttColors,
): void {
  const { scale } = picture;
  const moment = hit.endedAt ?? hit.startedAt;
  if (moment === null) return;
  const { tone } = markOf(hit);
  const x = Math.min(Math.max(scale.x(moment), DIAMOND + 1), scale.width - DIAMOND - 1);
  const middle = y + ROW_HEIGHT / 2;
  const saved = hit.savedMs ?? 0;
  const ghost = Math.max(0, Math.min(scale.x(scale.from + saved), scale.width - x - DIAMOND - 2));
  if (ghost > 0) {
    context.fillStyle = colors.hatch(tone);
    context.fillRect(x + DIAMOND + 2, middle - BAR_HEIGHT / 2, ghost, BAR_HEIGHT);
  }
  context.beginPath();
  context.moveTo(x, middle - DIAMOND);
  context.lineTo(x + DIAMOND, middle);
  context.lineTo(x, middle + DIAMOND);
  context.lineTo(x - DIAMOND, middle);
  context.closePath();
  context.fillStyle = colors.palette.of(tone, "ground");
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = colors.palette.of(tone, "tone");
  context.stroke();
  if (saved > 0)
    drawWords(
      context,
      `saved ${formatDuration(saved)}`,
      x - DIAMOND,
      x + DIAMOND + 2 + ghost,
      y,
      picture,
      colors,
    );
}

/** The time that a try waited and, of an earlier one, its work. */
function drawTry(
  context: Context,
  { readyAt, startedAt, endedAt }: BarTry,
  y: number,
  isEarlier: boolean,
  { scale, now }: GanttPicture,
  colors: GanttColors,
): void {
  const middle = y + ROW_HEIGHT / 2;
  if (readyAt !== null) {
    const x = scale.x(readyAt);
    context.fillStyle = colors.waited;
    context.fillRect(x, middle - 2, Math.max(scale.x(startedAt ?? endedAt ?? now) - x, 0), 4);
  }
  if (!isEarlier || startedAt === null) return;
  const x = scale.x(startedAt);
  context.fillStyle = colors.palette.of("failed", "tone");
  context.fillRect(x, middle - 1.5, Math.max(scale.x(endedAt ?? now) - x, LEAST_WIDTH), 3);
}

/** The instances of a folded task: a line of a pixel or less for each, in the order of their indexes. */
function drawStrip(
  context: Context,
  instances: readonly RunInstance[],
  y: number,
  picture: GanttPicture,
  colors: GanttColors,
): void {
  const { scale, asIf, now } = picture;
  const room = ROW_HEIGHT - 4;
  const thick = Math.max(Math.min(room / instances.length, 4), 0.5);
  let last = 0;
  for (const [at, instance] of instances.entries()) {
    const bar = asIf?.bars.get(rowKey(instance.taskId, instance.mapIndex));
    const isHit = instance.cacheStatus === "hit";
    const from = asIf ? (bar ? scale.from + bar.from : null) : (instance.startedAt ?? instance.endedAt);
    if (from === null) continue;
    const to = asIf ? scale.from + (bar?.to ?? 0) : isHit ? from : (instance.endedAt ?? now);
    const x = scale.x(from);
    const length = Math.max(scale.x(to) - x, LEAST_STRIP);
    last = Math.max(last, x + length);
    const { tone } = markOf(instance);
    context.fillStyle = isHit ? colors.soft(tone) : colors.palette.of(tone, "tone");
    context.fillRect(x, y + 2 + (at / instances.length) * room, length, thick);
  }
  let hits = 0;
  for (const { cacheStatus } of instances) if (cacheStatus === "hit") hits++;
  const words = hits === 0 ? `${instances.length}` : `${hits} of ${instances.length} remembered`;
  drawWords(context, words, 0, last, y, picture, colors);
}

/** Beside a bar where there is room: after it, before it, or else on it. */
function drawWords(
  context: Context,
  words: string,
  from: number,
  to: number,
  y: number,
  { scale }: GanttPicture,
  colors: GanttColors,
): void {
  const needed = context.measureText(words).width;
  const hasRoom = to + GAP + needed <= scale.width;
  const x = hasRoom ? to + GAP : Math.max(from - GAP - needed, GAP);
  if (!hasRoom) {
    // There may be a line or a bar below it.
    context.fillStyle = colors.palette.of("queued", "ground");
    context.fillRect(x - 3, y + 4, needed + 6, ROW_HEIGHT - 8);
  }
  context.fillStyle = colors.words;
  context.fillText(words, x, y + ROW_HEIGHT / 2 + 0.5);
}
