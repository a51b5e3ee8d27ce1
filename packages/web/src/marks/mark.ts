// The one alphabet of pages: how the state of a task instance looks. Colour says the state, fill says whether it
// worked: solid is worked, hollow is remembered. Shapes are data, which the DOM and canvases draw alike.

import type { CacheStatus, TaskInstanceState } from "@memodag/core";

/** Colours of states: names of the CSS variables `--state-…`. */
export type Tone = "success" | "failed" | "running" | "queued" | "retry" | "upstream" | "skipped";

/** All of them. */
export const TONES: readonly Tone[] = [
  "success",
  "failed",
  "running",
  "queued",
  "retry",
  "upstream",
  "skipped",
];

/** `tone`: the state's colour. `wash`: a light one of it. `ground`: that of the page. */
export type Ink = "tone" | "wash" | "ground";

/** A part of a mark, in a square of {@link MARK_SIZE}: a rectangle, or a line through points. */
export type MarkPart =
  | {
      readonly shape: "rect";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly ink: Ink;
    }
  | { readonly shape: "line"; readonly points: readonly (readonly [number, number])[]; readonly ink: Ink };

/** The side of the square in which marks are drawn. */
export const MARK_SIZE = 12;

/** Width of lines of marks. */
export const MARK_LINE = 1.75;

/** A mark: its shape, its colour and its words. */
export interface Mark {
  /** Identifies the shape; legends and filters have one entry for each. */
  readonly kind: MarkKind;
  readonly tone: Tone;
  /** Drawn in this order. */
  readonly parts: readonly MarkPart[];
  /** For people, such as "success, from the cache". */
  readonly words: string;
}

/** Every kind of mark, in the order of legends. */
export type MarkKind =
  | "failed"
  | "failed-remembered"
  | "upstream"
  | "running"
  | "retry"
  | "reschedule"
  | "waits"
  | "queued"
  | "none"
  | "worked"
  | "unkept"
  | "partly"
  | "remembered"
  | "skipped"
  | "removed";

const rect = (x: number, y: number, width: number, height: number, ink: Ink): MarkPart => ({
  shape: "rect",
  x,
  y,
  width,
  height,
  ink,
});
const line = (ink: Ink, ...points: readonly (readonly [number, number])[]): MarkPart => ({
  shape: "line",
  points,
  ink,
});

const SOLID = [rect(0, 0, 12, 12, "tone")];
const HOLLOW = [rect(0, 0, 12, 12, "tone"), rect(2, 2, 8, 8, "wash")];
const cross = (ink: Ink): MarkPart[] => [line(ink, [3, 3], [9, 9]), line(ink, [9, 3], [3, 9])];
const CORNERS = [
  rect(0, 0, 4, 2, "tone"),
  rect(0, 0, 2, 4, "tone"),
  rect(8, 0, 4, 2, "tone"),
  rect(10, 0, 2, 4, "tone"),
  rect(0, 10, 4, 2, "tone"),
  rect(0, 8, 2, 4, "tone"),
  rect(8, 10, 4, 2, "tone"),
  rect(10, 8, 2, 4, "tone"),
];

const SHAPES: Readonly<Record<MarkKind, Omit<Mark, "kind">>> = {
  failed: { tone: "failed", parts: [...SOLID, ...cross("ground")], words: "failed" },
  "failed-remembered": {
    tone: "failed",
    parts: [...HOLLOW, ...cross("tone")],
    words: "failed, from the cache",
  },
  upstream: {
    tone: "upstream",
    parts: [rect(0, 5, 3, 3, "tone"), rect(4.5, 5, 3, 3, "tone"), rect(9, 5, 3, 3, "tone")],
    words: "upstream failed",
  },
  running: {
    tone: "running",
    parts: [
      rect(0, 0, 12, 12, "wash"),
      line("tone", [0.6, 6], [6, 0.6]),
      line("tone", [0.6, 11.4], [11.4, 0.6]),
      line("tone", [6, 11.4], [11.4, 6]),
    ],
    words: "running",
  },
  retry: {
    tone: "retry",
    parts: [rect(0, 0, 12, 12, "tone"), rect(2, 2, 8, 8, "ground"), rect(4, 4, 4, 4, "tone")],
    words: "up for retry",
  },
  reschedule: {
    tone: "running",
    parts: [...CORNERS, line("tone", [6, 3], [6, 6.5], [9, 6.5])],
    words: "up for reschedule",
  },
  waits: {
    tone: "retry",
    parts: [...CORNERS, rect(4, 4, 4, 4, "tone")],
    words: "waits for the same result of another run",
  },
  queued: { tone: "queued", parts: CORNERS, words: "queued" },
  none: { tone: "queued", parts: [rect(5, 5, 2, 2, "tone")], words: "not started" },
  worked: { tone: "success", parts: SOLID, words: "success" },
  unkept: {
    tone: "success",
    parts: [...SOLID, rect(7, 0, 5, 5, "ground"), rect(8.5, 0, 3.5, 3.5, "tone")],
    words: "success, result not kept",
  },
  partly: {
    tone: "success",
    parts: [...SOLID, rect(2, 2, 8, 4, "wash")],
    words: "success, partly from the cache",
  },
  remembered: { tone: "success", parts: HOLLOW, words: "success, from the cache" },
  skipped: { tone: "skipped", parts: [line("tone", [2, 10], [10, 2])], words: "skipped" },
  removed: { tone: "queued", parts: [line("tone", [2, 6], [10, 6])], words: "removed from the Dag" },
};

/** Every mark by its kind. */
export const MARKS: ReadonlyMap<MarkKind, Mark> = new Map(
  Object.entries(SHAPES).map(([kind, shape]) => [kind as MarkKind, { kind: kind as MarkKind, ...shape }]),
);

/** A state with what the cache did. */
export interface Marked {
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
}

const UNKEPT: ReadonlySet<CacheStatus | null> = new Set(["put_failure", "uncacheable", "rolled_back"]);

/** Returns the mark of a state. */
export function markOf(marked: Marked): Mark {
  return getMark(kindOf(marked));
}

/** Returns the mark of a kind. */
export function getMark(kind: MarkKind): Mark {
  const mark = MARKS.get(kind);
  if (!mark) throw new TypeError(`there is no mark "${kind}"`);
  return mark;
}

function kindOf({ state, cacheStatus }: Marked): MarkKind {
  switch (state) {
    case "success":
      if (cacheStatus === "hit") return "remembered";
      return UNKEPT.has(cacheStatus) ? "unkept" : "worked";
    case "failed":
      return cacheStatus === "hit" ? "failed-remembered" : "failed";
    case "scheduled":
    case "queued":
      return "queued";
    case "upstream_failed":
      return "upstream";
    case "up_for_retry":
      return "retry";
    case "up_for_reschedule":
      return "reschedule";
    case "none":
      return cacheStatus === "miss" ? "waits" : "none";
    case "running":
    case "skipped":
    case "removed":
      return state;
  }
}

/** A run as far as its mark depends on it. */
export interface MarkedRun {
  readonly state: "queued" | "running" | "success" | "failed";
  readonly hits: number | null;
  readonly ran: number | null;
}

/** Returns the mark of a run: hollow if nothing had to run, half hollow if a part of it had not. */
export function runMarkOf({ state, hits, ran }: MarkedRun): Mark {
  if (state !== "success" || !hits) return markOf({ state, cacheStatus: null });
  return getMark(ran === 0 ? "remembered" : "partly");
}
