// A scale of time: from milliseconds to pixels, with ticks at round durations after its start.

/** A scale. */
export interface TimeScale {
  /** Milliseconds, of any clock. */
  readonly from: number;
  readonly to: number;
  readonly width: number;
  /** Returns the pixel of a time. */
  x(ms: number): number;
  /** Returns the time of a pixel. */
  at(x: number): number;
}

/** A tick. */
export interface Tick {
  /** Milliseconds after the start. */
  readonly after: number;
  readonly x: number;
}

const MS = 1;
const SECOND = 1_000 * MS;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
];

/** Pixels between two ticks, at least. */
const LEAST_GAP = 80;

/** Creates a scale. One without a length has a millisecond. */
export function timeScale(from: number, to: number, width: number): TimeScale {
  const length = Math.max(to - from, 1);
  return {
    from,
    to: from + length,
    width,
    x: (ms) => ((ms - from) / length) * width,
    at: (x) => from + (x / Math.max(width, 1)) * length,
  };
}

/** Returns the ticks of a scale, the first at its start. @param origin what durations count from */
export function ticksOf(scale: TimeScale, origin: number = scale.from): Tick[] {
  const most = Math.max(1, Math.floor(scale.width / LEAST_GAP));
  const length = scale.to - scale.from;
  const step =
    STEPS.find((one) => length / one <= most) ?? Math.max(DAY, Math.ceil(length / most / DAY) * DAY);
  const ticks: Tick[] = [];
  const first = Math.ceil((scale.from - origin) / step) * step;
  for (let after = first; origin + after <= scale.to; after += step)
    ticks.push({ after, x: scale.x(origin + after) });
  return ticks;
}
