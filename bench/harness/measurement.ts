// What a benchmark reports: a figure beside the floor that was measured in the same run.

/** One figure. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The plainest code that does the same reads and writes, in `unit`; `null` where there is none. */
  readonly floor: number | null;
  /** `value / floor`. */
  readonly ratio: number | null;
  /** What the work set out to reach, in words. */
  readonly goal: string | null;
  /** True where there is no goal. */
  readonly ok: boolean;
}

/** Takes a measurement when it is made. */
export type Report = (measurement: Measurement) => void;

/** What `bench/NAME/benchmark.ts` exports as `benchmark`. */
export type Benchmark = (report: Report) => Promise<void>;

/** A figure and its floor. */
export function compared(
  name: string,
  unit: string,
  figures: { readonly value: number; readonly floor: number },
  goal: { readonly text: string; readonly isMet: (ratio: number, value: number) => boolean } | null,
): Measurement {
  const ratio = figures.value / figures.floor;
  return {
    name,
    value: figures.value,
    unit,
    floor: figures.floor,
    ratio,
    goal: goal?.text ?? null,
    ok: goal?.isMet(ratio, figures.value) ?? true,
  };
}

/** A figure that has a goal of its own and no floor. */
export function absolute(
  name: string,
  unit: string,
  value: number,
  goal: { readonly text: string; readonly isMet: (value: number) => boolean } | null,
): Measurement {
  return {
    name,
    value,
    unit,
    floor: null,
    ratio: null,
    goal: goal?.text ?? null,
    ok: goal?.isMet(value) ?? true,
  };
}

/** The middle one of an odd number of figures; the mean of the two in the middle otherwise. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** A line for each measurement, for people or as JSON. */
export function printMeasurement(measurement: Measurement, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(measurement)}\n`);
    return;
  }
  const { name, value, unit, floor, ratio, goal, ok } = measurement;
  const beside = floor === null ? "" : `  floor ${figure(floor)}  ratio ${(ratio ?? 0).toFixed(2)}`;
  const verdict = goal === null ? "" : `  ${ok ? "ok    " : "MISSED"} ${goal}`;
  process.stdout.write(`${name.padEnd(52)} ${figure(value).padStart(10)} ${unit}${beside}${verdict}\n`);
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
