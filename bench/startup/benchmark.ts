// How long whole commands take, from outside, beside a Node that does nothing, in turn with it.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compared, median, type Report } from "../harness/measurement.ts";

const ROUNDS = 15;

const repository = fileURLToPath(new URL("../..", import.meta.url));
const memodag = join(repository, "packages/memodag/bin/memodag.js");

const DAG_FILE = `import { Dag } from "memodag";

export const dag = new Dag("hundred");
const one = dag.task("one", ({ i }: { i: number }) => i * i, { cache: true });
one.expand({ i: Array.from({ length: 100 }, (_, i) => i) });
`;

const COMMANDS = [
  { args: ["--version"], most: 1.5 },
  { args: ["dags", "list"], most: 3 },
  { args: ["cache", "stats"], most: 3 },
  { args: ["dags", "run", "hundred"], most: 4, name: "dags run, 100 tasks from the cache" },
];

/** `npm run bench -- startup` */
export async function benchmark(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-startup-"));
  try {
    mkdirSync(join(folder, "dags"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(folder, "memodag.toml"), '[[bundles]]\nname = "dags"\npath = "dags"\n');
    writeFileSync(join(folder, "dags/hundred.ts"), DAG_FILE);
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    // The first run executes the tasks, and all compiled code is kept from then on.
    for (const { args } of COMMANDS) time(folder, [memodag, ...args]);
    for (const { args, most, name } of COMMANDS) {
      const figures: { own: number; node: number }[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        figures.push({ own: time(folder, [memodag, ...args]), node: time(folder, ["-e", "0"]) });
      }
      const value = median(figures.map(({ own }) => own));
      const floor = median(figures.map(({ node }) => node));
      const goal = { text: `at most ${most} times \`node -e 0\``, isMet: (ratio: number) => ratio <= most };
      report(compared(`startup: ${name ?? args.join(" ")}`, "ms", { value, floor }, goal));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds from the start of a Node process to its end. */
function time(cwd: string, args: readonly string[]): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  const ms = performance.now() - startedAt;
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return ms;
}
