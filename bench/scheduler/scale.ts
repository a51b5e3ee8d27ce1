// Whether a large run costs more than a small one: the memory of 100,000 instances, and a pass that settles
// one of them. Each run is held by a process of its own, so that nothing else counts.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import type { InFlight } from "./in-flight.ts";

const SMALL = 100;
const LARGE = 100_000;
const REPEATS = 3;
const MEBIBYTE = 2 ** 20;

/** Measures on one database. */
export async function measureScale({ dialect, url }: BenchDatabase, report: Report): Promise<void> {
  const small: InFlight[] = [];
  const large: InFlight[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    small.push(await holdRun(url, SMALL));
    large.push(await holdRun(url, LARGE));
  }
  const settleMs = (all: readonly InFlight[]): number => median(all.map((one) => one.settleMs));
  const rss = (all: readonly InFlight[]): number => median(all.map((one) => one.rss)) / MEBIBYTE;
  report(
    compared(
      `${dialect}: settling one of 100,000 instances, beside one of 100`,
      "ms",
      { value: settleMs(large), floor: settleMs(small) },
      { text: "at most 2 times", isMet: (ratio) => ratio <= 2 },
    ),
  );
  report(
    absolute(`${dialect}: memory with 100,000 instances in flight`, "MiB", rss(large), {
      text: "under 400 MB",
      isMet: (value) => value * MEBIBYTE < 400e6,
    }),
  );
  report(absolute(`${dialect}: memory with 100 instances in flight`, "MiB", rss(small), null));
}

async function holdRun(url: string, instances: number): Promise<InFlight> {
  const script = new URL("in-flight.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...process.execArgv,
    script,
    url,
    String(instances),
  ]);
  return JSON.parse(stdout) as InFlight;
}
