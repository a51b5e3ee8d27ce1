// How long it takes to read 10 Dag files with 120 tasks over 200 modules: cold, and unchanged.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DagProcessor } from "@memodag/dag-processor";
import { openMetastore } from "@memodag/metastore";
import { absolute, median, type Report } from "../harness/measurement.ts";

const DAG_FILES = 10;
const TASKS_PER_FILE = 12;
const MODULES = 200;
const REPEATS = 3;

/** Measures both, each in fresh folders and databases, in a processor that has read nothing before. */
export async function measureReading(report: Report): Promise<void> {
  const cold: number[] = [];
  const unchanged: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "memodag-bench-")));
    try {
      writeProject(root);
      const metastore = await openMetastore(`sqlite:${join(root, "metadata.db")}`);
      await metastore.migrate();
      const read = async (): Promise<number> => {
        const processor = new DagProcessor({ store: metastore.dags, stateDir: join(root, "state") });
        const startedAt = performance.now();
        const { files } = await processor.processBundle({
          name: "bench",
          path: join(root, "dags"),
          team: "default",
        });
        if (files.some((file) => file.kind === "broken")) throw new Error(JSON.stringify(files));
        return performance.now() - startedAt;
      };
      cold.push(await read());
      unchanged.push(await read());
      await metastore.close();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  report(
    absolute("10 Dag files, 120 tasks, 200 modules: cold", "ms", median(cold), {
      text: "under 1.5 s",
      isMet: (value) => value < 1_500,
    }),
  );
  report(
    absolute("10 Dag files, 120 tasks, 200 modules: unchanged", "ms", median(unchanged), {
      text: "under 0.4 s",
      isMet: (value) => value < 400,
    }),
  );
}

/** Modules that import one another in a tree, and Dag files that use some of them in each task. */
function writeProject(root: string): void {
  const dags = join(root, "dags");
  mkdirSync(join(dags, "lib"), { recursive: true });
  for (let index = 0; index < MODULES; index += 1) {
    const below = [2 * index + 1, 2 * index + 2].filter((child) => child < MODULES);
    const imports = below.map((child) => `import { step${child} } from "./m${child}.ts";\n`).join("");
    const calls = below.map((child) => `step${child}(rows)`).join(" + ") || "0";
    writeFileSync(
      join(dags, "lib", `m${index}.ts`),
      `${imports}
export interface Row${index} { readonly value: number; readonly name: string }
const SCALE_${index} = ${index} * 0.5;
function weigh(rows: readonly Row${index}[]): number {
  let sum = 0;
  for (const row of rows) sum += row.value * SCALE_${index} + row.name.length;
  return sum;
}
export function step${index}(rows: readonly Row${index}[]): number {
  return weigh(rows) + ${calls};
}
`,
    );
  }
  for (let file = 0; file < DAG_FILES; file += 1) {
    const modules = Array.from(
      { length: TASKS_PER_FILE },
      (_, task) => (file * TASKS_PER_FILE + task) % MODULES,
    );
    const imports = modules.map((index) => `import { step${index} } from "./lib/m${index}.ts";`).join("\n");
    const tasks = modules.map(
      (index, task) =>
        `const t${task} = dag.task("t${task}", async ({ n }: { n: number }) => step${index}([{ value: n, name: "x" }]), { cache: true });\nt${task}({ n: ${task} });`,
    );
    writeFileSync(
      join(dags, `dag${file}.ts`),
      `import { Dag } from "memodag";\n${imports}\nexport const dag = new Dag("dag${file}");\n${tasks.join("\n")}\n`,
    );
  }
}
