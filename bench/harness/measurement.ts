// A measurement of a benchmark: a value with the floor that was measured in the same run.

/** One measured value. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The simplest code that does the same reads and writes, in `unit`; `null` if there is none. */
  readonly floor: number | null;
  /** `value / floor`. */
  readonly ratio: number | null;
  /** The target, in words. */
  readonly goal: string | null;
  /** True if there is no target. */
  readonly ok: boolean;
}

/** Receives each measurement. */
export type Report = (measurement: Measurement) => void;

/** The type of the export `benchmark` of `bench/NAME/benchmark.ts`. */
export type Benchmark = (report: Report) => Promise<void>;

/** A value compared with its floor. */
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

/** A value with a target of its own and no floor. */
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

/** The median. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The figure that 95 of 100 do not exceed. */
export function percentile95(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.ceil(figures.length * 0.95) - 1] ?? Number.NaN;
}

/** Milliseconds of `work` and of its floor, in turn, so that both see the same load. */
export async function timedInTurn(
  repeats: number,
  work: () => Promise<unknown>,
  floor: () => Promise<unknown>,
): Promise<{ readonly values: number[]; readonly floors: number[] }> {
  const [values, floors]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat <= repeats; repeat += 1) {
    const floorMs = await timed(floor);
    const ms = await timed(work);
    // The first reads the pages that both need.
    if (repeat === 0) continue;
    floors.push(floorMs);
    values.push(ms);
  }
  return { values, floors };
}

/** Prints a measurement on one line, as text or JSON. */
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
