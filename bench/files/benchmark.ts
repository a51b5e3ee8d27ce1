// The cost of checking 10,000 unchanged declared files, compared with listing them and reading their
// times.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type SerializedTask } from "@memodag/core";
import { LocalSurroundings } from "@memodag/executor";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";

const FILES = 10_000;
const FOLDERS = 100;
const REPEATS = 9;

/** `npm run bench -- files` */
export async function benchmark(report: Report): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "memodag-bench-"));
  try {
    writeFiles(root);
    await measure(root, report);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeFiles(root: string): void {
  // Old enough for their times to reveal every change.
  const time = new Date(Date.now() - 60_000);
  for (let index = 0; index < FILES; index += 1) {
    const folder = join(root, "data", `${index % FOLDERS}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${index}.csv`);
    writeFileSync(path, `id,mass\n${index},${index * 1.5}\n`);
    utimesSync(path, time, time);
  }
}

async function measure(root: string, report: Report): Promise<void> {
  const surroundings = new LocalSurroundings({
    level: "exact",
    env: process.env,
    ordinaryEnv: [],
    clock: systemClock,
    packageMemoryPath: join(root, "packages.json"),
    bundlePath: () => root,
  });
  const task = { cache: { env: [], files: ["data/**/*.csv"] } } as unknown as SerializedTask;
  const look = async (): Promise<number> => {
    const startedAt = performance.now();
    const found = await surroundings.of({ bundle: "dags", path: "dag.ts" }, task);
    if (found.kind === "unknown" || found.files?.count !== FILES) throw new Error("not all were looked at");
    return performance.now() - startedAt;
  };
  report(absolute(`first look at ${FILES} declared files`, "ms", await look(), null));
  // Files written within the last two seconds are read once more.
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await look();
  const values: number[] = [];
  const floors: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    values.push(await look());
    floors.push(askForTimes(root));
  }
  report(
    compared(
      `${FILES} declared files that did not change`,
      "ms",
      { value: median(values), floor: median(floors) },
      {
        text: "at most 150 ms, or 1.5 times the floor",
        isMet: (ratio, value) => value <= 150 || ratio <= 1.5,
      },
    ),
  );
}

function askForTimes(root: string): number {
  const startedAt = performance.now();
  for (const folder of readdirSync(join(root, "data"))) {
    for (const name of readdirSync(join(root, "data", folder))) {
      statSync(join(root, "data", folder, name), { bigint: true });
    }
  }
  return performance.now() - startedAt;
}
