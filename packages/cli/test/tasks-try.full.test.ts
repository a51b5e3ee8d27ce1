// `tasks try`: the current code of a task on the values of an earlier run, in a worker, with nothing written.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const pair = (factor: number): string => `
import { Dag, getContext } from "memodag";
export const dag = new Dag("pair");
const give = dag.task("give", () => ({ n: 20 }), { cache: true });
const take = dag.task(
  "take",
  ({ given }: { given: { n: number } }) => {
    console.log("taking " + given.n);
    if (given.n * ${factor} < 0) throw new Error("negative");
    return given.n * ${factor} + Number(process.env.PAIR_OFFSET ?? 0) + getContext().dagRun.runId.length * 0;
  },
  { cache: true },
);
take({ given: give() });
const broken = dag.task("broken", (): number => { throw new Error("never"); });
const after = dag.task("after", ({ n }: { n: number }) => n);
after({ n: broken() });
`;

describe("tasks try", () => {
  let project: Project;
  let file: string;
  beforeAll(async () => {
    project = new Project();
    file = join(project.folder, "dags", "pair.ts");
    writeFileSync(file, pair(2));
    await project.run("dags", "run", "pair");
    await project.run("dags", "run", "shapes");
  });
  afterAll(() => project.remove());

  it("runs the code as it is now with the values of a run, and writes nothing", async () => {
    const database = (): unknown => {
      const opened = new DatabaseSync(join(project.folder, ".memodag/metadata.db"), { readOnly: true });
      try {
        const tables = opened.prepare("select name from sqlite_schema where type = 'table'").all();
        return tables.map(({ name }) => [name, opened.prepare(`select * from "${String(name)}"`).all()]);
      } finally {
        opened.close();
      }
    };
    const before = database();
    writeFileSync(file, pair(3));
    const { code, stdout, stderr } = await project.run(
      "tasks",
      "try",
      "pair",
      "take",
      "--run",
      "latest",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      dagId: "pair",
      taskId: "take",
      mapIndex: -1,
      state: "success",
      returned: 60,
      xcoms: {},
      error: null,
      undeclared: expect.arrayContaining([expect.stringContaining("env.PAIR_OFFSET")]),
    });
    expect(stderr).toContain("taking 20");
    expect(code).toBe(0);
    expect(database()).toEqual(before);
  });

  it("prints what it returned, and exits with 1 when it fails", async () => {
    const shown = await project.run("tasks", "try", "pair", "take", "--run", "latest");
    expect(shown.stdout.trim()).toBe("60");
    writeFileSync(file, pair(-1));
    const failed = await project.run("tasks", "try", "pair", "take", "--run", "latest", "--json");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ state: "failed", error: { message: "negative" } });
  });

  it("tries one instance of a mapped task, and a task that takes all of them", async () => {
    const one = await project.run(
      "tasks",
      "try",
      "shapes",
      "draw",
      "--run",
      "latest",
      "--map-index",
      "2",
      "--json",
    );
    expect(JSON.parse(one.stdout)).toMatchObject({ mapIndex: 2, returned: { area: 9 } });
    const all = await project.run("tasks", "try", "shapes", "sum", "--run", "latest", "--json");
    expect(JSON.parse(all.stdout)).toMatchObject({ returned: 42 });
    const none = await project.run("tasks", "try", "shapes", "draw", "--run", "latest");
    expect(none.stderr).toContain("choose an instance with --map-index, from 0 to 2");
    expect(none.code).toBe(2);
  });

  it("names the upstream task whose result the run does not have", async () => {
    const { code, stderr } = await project.run("tasks", "try", "pair", "after", "--run", "latest");
    expect(stderr).toContain('takes the result of "broken", which run ');
    expect(stderr).toContain("(it is failed there)");
    expect(code).not.toBe(0);
  });

  it("says where the file is faulty", async () => {
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("export const dag =", "export const dag = oops +"),
    );
    const { code, stderr } = await project.run("tasks", "try", "pair", "take", "--run", "latest");
    expect(stderr).toContain("pair.ts");
    expect(code).not.toBe(0);
  });
});
