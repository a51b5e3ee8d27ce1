// How long a saved Dag file takes to be live under `memodag dev`: from the save to the version that a run gets.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openMetastore } from "@memodag/metastore";
import { absolute, median, type Report } from "../harness/measurement.ts";

const SAVES = 15;
const LOOK_EVERY_MS = 2;

const repository = fileURLToPath(new URL("../..", import.meta.url));

const dagFile = (answer: number): string => `import { Dag } from "memodag";

export const dag = new Dag("live", { description: "${answer}" });
dag.task("answer", () => ${answer}, { cache: true })({});
`;

/** `npm run bench -- dev` */
export async function benchmark(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-dev-"));
  const path = join(folder, "dags/live.ts");
  mkdirSync(join(folder, "dags"));
  writeFileSync(join(folder, "memodag.toml"), '[[bundles]]\nname = "dags"\npath = "dags"\n');
  writeFileSync(path, dagFile(0));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  const dev = spawn(process.execPath, [join(repository, "packages/memodag/bin/memodag.js"), "dev"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await untilSaid(dev, "watching Dag files");
    const metastore = await openMetastore(`sqlite:${join(folder, ".memodag/metadata.db")}`);
    const figures: number[] = [];
    for (let save = 1; save <= SAVES; save += 1) {
      const savedAt = performance.now();
      writeFileSync(path, dagFile(save));
      const isLive = async (): Promise<boolean> => {
        const [version] = await metastore.dags.findDagVersions("live");
        return version?.dag.description === String(save);
      };
      while (!(await isLive())) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      figures.push(performance.now() - savedAt);
    }
    await metastore.close();
    const goal = { text: "a save is live in under a second", isMet: (ms: number) => ms < 1_000 };
    report(absolute("dev: save to live, median", "ms", median(figures), goal));
    report(absolute(`dev: save to live, slowest of ${SAVES}`, "ms", Math.max(...figures), goal));
  } finally {
    dev.kill("SIGTERM");
    if (dev.exitCode === null) await once(dev, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilSaid({ stderr }: ChildProcess, words: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve();
    });
    stderr?.once("close", () => reject(new Error(`dev ended: ${text}`)));
  });
}
