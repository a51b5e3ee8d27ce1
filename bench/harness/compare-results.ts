// Compares what two runs of benchmarks measured, by their ratios to floors: absolute figures say more about the machine.

import type { Measurement } from "./measurement.ts";

/** By how much a ratio may get worse: machines are never quiet. */
const TOLERANCE = 0.2;

/** One measurement of both runs. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  /** The ratios to the floors; `null` where it was not measured, or has no floor. */
  readonly before: number | null;
  readonly after: number | null;
  /** How many times as good the newer one is; below 1 it is worse. */
  readonly factor: number | null;
  readonly verdict: "worse" | "better" | "same" | "new" | "gone" | "no floor";
}

/** All measurements of both, in the order of the newer run. */
export function compareResults(before: readonly Measurement[], after: readonly Measurement[]): Comparison[] {
  const older = new Map(before.map((measurement) => [measurement.name, measurement]));
  const newer = new Set(after.map(({ name }) => name));
  return [
    ...after.map((measurement) => compare(older.get(measurement.name), measurement)),
    ...before
      .filter(({ name }) => !newer.has(name))
      .map(({ name, unit, ratio }): Comparison => {
        return { name, unit, before: ratio, after: null, factor: null, verdict: "gone" };
      }),
  ];
}

function compare(old: Measurement | undefined, { name, unit, ratio }: Measurement): Comparison {
  const row = { name, unit, before: old?.ratio ?? null, after: ratio, factor: null };
  if (old === undefined) return { ...row, verdict: "new" };
  if (old.ratio === null || ratio === null) return { ...row, verdict: "no floor" };
  // Of a rate, more is better; of everything else, less.
  const factor = unit.endsWith("/s") ? ratio / old.ratio : old.ratio / ratio;
  const verdict = factor < 1 / (1 + TOLERANCE) ? "worse" : factor > 1 + TOLERANCE ? "better" : "same";
  return { ...row, factor, verdict };
}

/** Prints a comparison, as a line each or as JSON. */
export function printComparison(rows: readonly Comparison[], asJson: boolean): void {
  for (const row of rows) {
    const { name, before, after, verdict } = row;
    const line = `${name.padEnd(60)} ${figure(before)} -> ${figure(after)}  ${verdict === "same" ? "" : verdict}`;
    process.stdout.write(`${asJson ? JSON.stringify(row) : line.trimEnd()}\n`);
  }
}

function figure(ratio: number | null): string {
  return (ratio === null ? "-" : ratio.toFixed(2)).padStart(8);
}
