// The cost of source hashes, compared with parsing the same code and resolving its names, and how it
// grows.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import {
  chainOfCalls,
  chainOfFunctions,
  chainOfValues,
  ordinary,
  registry,
  statements,
  type Shape,
} from "./shapes.ts";

const PROCESS = join(import.meta.dirname, "../../packages/source-hash/test/support/cost-process.ts");
const REPEATS = 3;
/** For a growing shape, the ratio between the larger and the smaller one. */
const GROWTH = 2;

interface Times {
  readonly name: string;
  readonly hashing: readonly number[];
  readonly floor: readonly number[];
}

const GROWING: readonly (readonly [name: string, size: number, make: (size: number) => Shape])[] = [
  ["a chain of values", 2_000, chainOfValues],
  ["a chain of functions", 2_000, chainOfFunctions],
  ["a chain of calls", 2_000, chainOfCalls],
  ["a registry of functions", 2_000, registry],
  ["statements that fill a table", 5_000, statements],
];

/** `npm run bench -- source-hash` */
export async function benchmark(report: Report): Promise<void> {
  const [project] = await measure([["10 Dag files, 120 tasks, 200 modules", ordinary()]]);
  if (project) reportRatio(report, project.name, project);
  for (const [name, size, make] of GROWING) {
    const [half, full] = await measure([
      [name, make(size / GROWTH)],
      [name, make(size)],
    ]);
    if (!half || !full) continue;
    reportRatio(report, `${name}: ${size.toLocaleString("en")}`, full);
    const growth = median(full.hashing) / median(half.hashing);
    report(
      absolute(`${name}: twice as many take`, "times", growth, {
        text: "at most 2.6 times as long",
        isMet: (times) => times <= 2.6,
      }),
    );
  }
}

function reportRatio(report: Report, name: string, { hashing, floor }: Times): void {
  report(
    compared(
      name,
      "ms",
      { value: median(hashing), floor: median(floor) },
      { text: "at most 5 times parsing and resolving names", isMet: (ratio) => ratio <= 5 },
    ),
  );
}

/** In a separate process, because Dag files stay loaded. */
async function measure(shapes: readonly (readonly [name: string, shape: Shape])[]): Promise<Times[]> {
  const child = spawn(process.execPath, ["--conditions=source", "--no-warnings", PROCESS], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(
    JSON.stringify(shapes.map(([name, { files, entries }]) => ({ name, files, entries, repeats: REPEATS }))),
  );
  return JSON.parse(await text(child.stdout)) as Times[];
}
