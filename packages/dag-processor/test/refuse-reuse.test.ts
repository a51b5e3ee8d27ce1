// Cached tasks with `reuse`: a Dag file is refused where the code of one leaves something in the process.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "./project.ts";

const DAG = `import { Dag } from "memodag";
import { next } from "./lib/counter.ts";
export const dag = new Dag("p");
const count = dag.task("count", ({ n }: { n: number }) => n + next(), { cache: true, reuse: true });
count({ n: 1 });
`;

describe("a Dag file with a cached task that reuses its process", () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.create();
  });
  afterEach(() => project.remove());

  async function errorOf(): Promise<unknown> {
    const { files } = await project.process();
    return files.find((file) => file.kind === "broken")?.error;
  }

  test("is refused, with the place of what stays, and accepted when it is gone", async () => {
    await project.write("dags/p.ts", DAG);
    await project.write("dags/lib/counter.ts", "let n = 0;\n\nexport const next = (): number => ++n;\n");
    expect(await errorOf()).toEqual({
      message:
        'Dag "p", task "count": reuse is true for a cached task, and its code sets the variable n, which exists ' +
        "before the attempt and after it (lib/counter.ts:3:37): take reuse out, or cache, or keep what the next " +
        "attempt could notice inside the handler",
      file: "lib/counter.ts",
      line: 3,
      column: 37,
    });
    await project.write("dags/lib/counter.ts", "export const next = (): number => 1;\n");
    expect(await errorOf()).toBeUndefined();
    expect(project.dag("p").tasks).toMatchObject([{ taskId: "count", reuse: true, cache: {} }]);
  });

  test("may leave what it likes if it is not cached, or has a process for each attempt", async () => {
    await project.write("dags/lib/counter.ts", "let n = 0;\nexport const next = (): number => ++n;\n");
    for (const options of ["reuse: true", "cache: true"]) {
      await project.write("dags/p.ts", DAG.replace("cache: true, reuse: true", options));
      expect(await errorOf()).toBeUndefined();
    }
  });

  test("is refused where a transaction caches it, and where its code is too large to follow", async () => {
    await project.write("dags/lib/counter.ts", "let n = 0;\nexport const next = (): number => ++n;\n");
    const inside = `const t = dag.transaction("t", { cache: true });\nconst count = t.task("count", ({ n }: { n: number }) => n + next(), { reuse: true });`;
    await project.write("dags/p.ts", DAG.replace(/const count.*/, inside));
    expect(await errorOf()).toMatchObject({ file: "lib/counter.ts", line: 2 });
    const long = `export const text = ${JSON.stringify("x".repeat(4_200_000))};\nexport const next = () => text.length;`;
    await project.write("dags/lib/counter.ts", long);
    await project.write("dags/p.ts", DAG);
    expect(await errorOf()).toMatchObject({
      message: expect.stringContaining("its code cannot be followed: its modules are longer than 4 MiB"),
    });
  });
});
