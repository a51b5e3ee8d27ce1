// The cost of a key, compared with JSON.stringify and SHA-256 of the same input.

import { hash } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { canonicalBytes, digestOf, digestOfBytes, sha256 } from "@memodag/core";
import { KEY_VERSION, cacheKey } from "@memodag/result-cache";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { measureReading } from "./reading.ts";

const REPEATS = 9;
const KEYS = 20_000;

/** `npm run bench -- keys` */
export async function benchmark(report: Report): Promise<void> {
  measureKey(report);
  await measureBlocking(report);
  await measureReading(report);
}

/** A typical input of 1 KB: a few options and a list of rows. */
function input(index: number): unknown {
  const rows = Array.from({ length: 17 }, (_, row) => ({
    id: index + row,
    name: `penguin ${row}`,
    mass: row * 1.5,
    island: "Biscoe",
  }));
  return { depth: index, seed: 42, note: "text of some length", rows };
}

function measureKey(report: Report): void {
  const inputs = Array.from({ length: 100 }, (_, index) => input(index));
  const source = sha256("source");
  const key = (value: unknown): string =>
    cacheKey({
      v: KEY_VERSION,
      team: "default",
      dag: "penguins",
      task: "train",
      source,
      runtime: { node: "24.21.0" },
      inputs: { rows: digestOf(value) },
      context: {},
      env: {},
      version: null,
    });
  const plain = (value: unknown): string => hash("sha256", JSON.stringify(value), "hex");
  const time = (work: (value: unknown) => string): number => {
    const startedAt = performance.now();
    for (let index = 0; index < KEYS; index += 1) work(inputs[index % inputs.length]);
    return ((performance.now() - startedAt) / KEYS) * 1_000;
  };
  const values: number[] = [];
  const floors: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    floors.push(time(plain));
    values.push(time(key));
  }
  report(
    compared(
      `key of a ${JSON.stringify(inputs[0]).length} byte input`,
      "µs",
      { value: median(values), floor: median(floors) },
      {
        text: "at most 3 times JSON.stringify and sha256",
        isMet: (ratio) => ratio <= 3,
      },
    ),
  );
}

/** How long hashing a large result blocks the event loop, compared with an idle loop. */
async function measureBlocking(report: Report): Promise<void> {
  const bytes = canonicalBytes("x".repeat(10 * 2 ** 20));
  const delayOf = async (work: () => Promise<unknown>): Promise<number> => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
    delay.disable();
    return delay.max / 1e6;
  };
  const idle = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 20));
  await delayOf(idle);
  const values: number[] = [];
  const floors: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    floors.push(await delayOf(idle));
    values.push(await delayOf(() => digestOfBytes(bytes)));
  }
  const blockedMs = Math.max(0, median(values) - median(floors));
  report(
    absolute("event loop blocked by hashing 10 MB, over an idle one", "ms", blockedMs, {
      text: "under 5 ms",
      isMet: (value) => value < 5,
    }),
  );
}
