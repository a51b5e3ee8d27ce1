// `tasks try`: the current code of a task on the values of an earlier run, in a worker, with nothing written.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** All rows of all tables. */
function databaseOf({ folder }: Project): unknown {
  const opened = new DatabaseSync(join(folder, ".memodag/metadata.db"), { readOnly: true });
  try {
    const tables = opened.prepare("select name from sqlite_schema where type = 'table'").all();
    return tables.map(({ name }) => [name, opened.prepare(`select * from "${String(name)}"`).all()]);
  } finally {
    opened.close();
  }
}

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
    const before = databaseOf(project);
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
    expect(databaseOf(project)).toEqual(before);
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

const watched = `
import { appendFileSync, existsSync } from "node:fs";
import { Dag } from "memodag";
import { factor } from "../lib/factor.ts";
export const dag = new Dag("watched");
const give = dag.task("give", () => 20);
const take = dag.task(
  "take",
  async ({ n }: { n: number }) => {
    console.log("taking " + n);
    // What a task writes beside its file is no change of its files.
    appendFileSync("started", "x");
    while (factor === 0 && !existsSync("never")) await new Promise((resolve) => setTimeout(resolve, 10));
    return n * factor;
  },
  { cache: { files: ["rates.csv"] } },
);
take({ n: give() });
`;

/** The output of a command that continues. */
class Watch {
  readonly child: ChildProcess;
  readonly #text = { stdout: "", stderr: "" };
  #changed = Promise.withResolvers<void>();

  constructor(child: ChildProcess) {
    this.child = child;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (chunk: Buffer) => {
        this.#text[name] += chunk.toString();
        this.#changed.resolve();
      });
    }
    child.once("exit", () => this.#changed.resolve());
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  /** What each try returned, once there were so many. */
  async returned(count: number): Promise<unknown[]> {
    const lines = (): string[] => this.#text.stdout.split("\n").slice(0, -1);
    await this.until(() => lines().length >= count);
    return lines().map((line) => (JSON.parse(line) as { returned: unknown }).returned);
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.child.exitCode !== null) throw new Error(`ended early:\n${this.stderr}`);
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
  }
}

describe("tasks try --watch", () => {
  let project: Project;
  let child: ChildProcess | undefined;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => {
    child?.kill("SIGKILL");
    project.remove();
  });

  it("tries again when the file, what it imports or what it declares changes, ends a try on old files, and ends on Ctrl-C", async () => {
    const write = (name: string, text: string): void => writeFileSync(join(project.folder, name), text);
    const file = "dags/watched.ts";
    mkdirSync(join(project.folder, "lib"));
    write("lib/factor.ts", "export const factor = 2;\n");
    write("dags/rates.csv", "1");
    write(file, watched);
    const { code } = await project.run("dags", "run", "watched");
    expect(code).toBe(0);
    const before = databaseOf(project);

    child = project.start("tasks", "try", "watched", "take", "--run", "latest", "--watch", "--json");
    const watch = new Watch(child);
    expect(await watch.returned(1)).toEqual([40]);
    expect(watch.stderr).toContain("taking 20");
    await watch.until(() => watch.stderr.includes("Waiting for a change of its files; Ctrl-C ends this."));
    write("lib/factor.ts", "export const factor = 3;\n");
    expect(await watch.returned(2)).toEqual([40, 60]);
    write("dags/rates.csv", "2");
    expect(await watch.returned(3)).toEqual([40, 60, 60]);
    // A file that is none of its own is passed over: the next try is that of the next change.
    write("dags/shapes.ts", "// no Dag\n");
    write(file, watched.replace("const give =", "const give = oops +;"));
    await watch.until(() => watch.stderr.includes('The file of Dag "watched" cannot be read. watched.ts:'));
    write("lib/factor.ts", "export const factor = 0;\n");
    write(file, watched);
    await watch.until(() => watch.stderr.split("taking 20").length > 4);
    write("lib/factor.ts", "export const factor = 4;\n");
    expect(await watch.returned(4)).toEqual([40, 60, 60, 80]);
    expect(watch.stderr).toContain("Its files changed during the try, which starts again.");
    const ended = once(child, "exit");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(databaseOf(project)).toEqual(before);
  });
});
