// Tasks that run programs: what their source hashes cover, and when their Dag file is read again.

import { EventEmitter, once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SerializedTask } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watchBundles } from "../src/index.ts";
import { Project } from "./project.ts";

const COMMAND = `command: ["python3", "fit.py", "-v"], sources: ["fit.py", "lib/**/*.py"], env: { LEVEL: "3" }, cache: true`;

function dagFile(options = COMMAND): string {
  return `import { Dag } from "memodag";
export const dag = new Dag("d");
const load = dag.task("load", async () => [1], { cache: true });
const fit = dag.command("fit", { ${options} });
fit({ rows: load() });
`;
}

describe("the source hash of a command", () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.create();
    await project.write("dags/ml/d.ts", dagFile());
    await project.write("dags/ml/fit.py", "print(1)\n");
    await project.write("dags/ml/lib/clean.py", "x = 1\n");
    await project.write("dags/ml/lib/deep/er.py", "y = 1\n");
    await project.write("dags/ml/lib/notes.txt", "none\n");
  });
  afterEach(() => project.remove());

  async function read(): Promise<Record<string, SerializedTask>> {
    const { files } = await project.process();
    expect(files.filter((file) => file.kind === "broken")).toEqual([]);
    return Object.fromEntries(project.dag("d").tasks.map((task) => [task.taskId, task]));
  }

  async function hashOf(taskId: string): Promise<string | undefined> {
    return (await read())[taskId]?.sourceHash;
  }

  test("is taken of the files that its sources match, which go along", async () => {
    const { fit, load } = await read();
    expect(fit?.command).toMatchObject({
      argv: ["python3", "fit.py", "-v"],
      cwd: ".",
      env: [["LEVEL", "3"]],
      sources: ["fit.py", "lib/**/*.py"],
    });
    expect(fit?.command?.files.map(({ path }) => path)).toEqual(["fit.py", "lib/clean.py", "lib/deep/er.py"]);
    expect(load).not.toHaveProperty("command");
    const source = (await project.store.findTaskSources()).get(fit?.sourceHash ?? "");
    expect(source?.components.map(({ kind, path, name }) => `${path} ${kind} ${name}`)).toEqual([
      "ml/d.ts variable command",
      "ml/d.ts variable cwd",
      "ml/d.ts variable env.LEVEL",
      "ml/fit.py asset fit.py",
      "ml/lib/clean.py asset clean.py",
      "ml/lib/deep/er.py asset er.py",
    ]);
    expect(project.store.saves.at(-1)?.file.warnings).toEqual([]);
  });

  test.each<[string, (here: Project) => Promise<void>]>([
    ["a source's content", (here) => here.write("dags/ml/lib/deep/er.py", "y = 2\n")],
    ["a source that comes", (here) => here.write("dags/ml/lib/new.py", "")],
    ["a source that goes", (here) => rm(join(here.root, "dags/ml/lib/clean.py"))],
    ["an argument", (here) => here.write("dags/ml/d.ts", dagFile(COMMAND.replace("-v", "-q")))],
    [
      "arguments cut otherwise",
      (here) => here.write("dags/ml/d.ts", dagFile(COMMAND.replace('", "-v', " -v"))),
    ],
    ["a variable", (here) => here.write("dags/ml/d.ts", dagFile(COMMAND.replace('"3"', '"4"')))],
    ["its folder", (here) => here.write("dags/ml/d.ts", dagFile(`${COMMAND}, cwd: "lib"`))],
  ])("changes with %s, and no other task's does", async (_name, change) => {
    const before = await read();
    await change(project);
    const after = await read();
    expect(after["fit"]?.sourceHash).not.toBe(before["fit"]?.sourceHash);
    expect(after["load"]?.sourceHash).toBe(before["load"]?.sourceHash);
  });

  test.each<[string, (here: Project) => Promise<void>]>([
    ["other files", (here) => here.write("dags/ml/lib/notes.txt", "some\n")],
    ["what a run leaves behind", (here) => here.write("dags/ml/lib/__pycache__/clean.py", "made")],
    ["installed packages", (here) => here.write("dags/ml/lib/node_modules/p/p.py", "")],
    [
      "another task's code",
      (here) => here.write("dags/ml/d.ts", dagFile().replace("async () => [1]", "async () => [2]")),
    ],
    ["options that do not run", (here) => here.write("dags/ml/d.ts", dagFile(`${COMMAND}, retries: 3`))],
  ])("stays with %s", async (_name, change) => {
    const before = await hashOf("fit");
    await change(project);
    expect(await hashOf("fit")).toBe(before);
  });

  test("is not taken again while nothing changes", async () => {
    await read();
    expect((await project.process()).files).toEqual([{ kind: "unchanged", path: "ml/d.ts" }]);
    await project.write("dags/ml/lib/notes.txt", "other\n");
    expect((await project.process()).files).toEqual([{ kind: "unchanged", path: "ml/d.ts" }]);
  });

  test("wants every pattern to match a file, and is taken as soon as it does", async () => {
    await project.write("dags/ml/d.ts", dagFile(`command: ["sh"], sources: ["fit.py", "*.sh"]`));
    await mkdir(join(project.root, "dags/ml/folder.sh"));
    const { files } = await project.process();
    expect(files).toMatchObject([
      {
        kind: "broken",
        error: {
          file: "ml/d.ts",
          message: expect.stringContaining(
            'Dag "d", task "fit": sources contains "*.sh", which matches no file in ml: create the file',
          ),
        },
      },
    ]);
    await project.write("dags/ml/run.sh", "");
    expect((await read())["fit"]?.command?.files.map(({ path }) => path)).toEqual(["fit.py", "run.sh"]);
  });

  test("warns of a file that the command names and its sources do not", async () => {
    await project.write("dags/ml/fit.sql", "");
    await project.write("dags/ml/d.ts", dagFile(`command: ["psql", "fit.sql"], sources: [], cache: true`));
    await read();
    expect(project.store.saves.at(-1)?.file.warnings).toEqual([
      "the command of d.fit names the file fit.sql, which is not in its cache key: add it to sources, unless the command writes it",
    ]);
  });

  test.each<[string, (here: Project) => Promise<void>]>([
    ["the script that it names", (here) => here.write("dags/ml/main.py", "import helper\n")],
    ["a module that is imported", (here) => here.write("dags/ml/helper.py", "import inner as i\n")],
    ["one that this imports", (here) => here.write("dags/ml/inner.py", "y = 2\n")],
    ["a package that comes in front of a module", (here) => here.write("dags/ml/helper/__init__.py", "")],
    ["a module in front of an installed one", (here) => here.write("dags/ml/json.py", "")],
    ["a module that was missed", (here) => here.write("dags/ml/plugins/extra.py", "")],
  ])("changes with %s, which no source names", async (_name, change) => {
    await project.write(
      "dags/ml/main.py",
      "import json, helper\ntry:\n  import plugins.extra\nexcept: ...\n",
    );
    await project.write("dags/ml/helper.py", "import inner\n");
    await project.write("dags/ml/inner.py", "y = 1\n");
    await project.write("dags/ml/d.ts", dagFile(`command: ["python3", "main.py"], sources: [], cache: true`));
    const before = await hashOf("fit");
    expect((await project.process()).files).toEqual([{ kind: "unchanged", path: "ml/d.ts" }]);
    await change(project);
    expect(await hashOf("fit")).not.toBe(before);
  });

  test("is that of a task which is not cached where code is computed, unless its author vouches for it", async () => {
    const options = (cache: string) =>
      dagFile(`command: ["python3", "main.py"], sources: ["main.py"], cache: ${cache}`);
    await project.write(
      "dags/ml/main.py",
      "import importlib, os\nimportlib.import_module(os.environ['M'])\n",
    );
    await project.write("dags/ml/d.ts", options("true"));
    expect((await read())["fit"]?.unfollowed).toEqual(["main.py:2 import_module(…)"]);
    expect(project.store.saves.at(-1)?.file.warnings).toEqual([
      expect.stringContaining(
        "the command of d.fit is not cached, because it runs code that cannot be followed: main.py:2",
      ),
    ]);
    await project.write("dags/ml/d.ts", options(`{ trust: ["imports"] }`));
    expect((await read())["fit"]).not.toHaveProperty("unfollowed");
    expect(project.store.saves.at(-1)?.file.warnings).toEqual([]);
  });

  test("reaches sources outside the bundle, which are watched too", async () => {
    await project.write("shared/tool.py", "1");
    await project.write("dags/ml/d.ts", dagFile(`command: ["sh"], sources: ["../../shared/*.py"]`));
    const { outside } = await project.process();
    expect(outside).toContain(join(project.root, "shared/tool.py"));
    const before = await hashOf("fit");
    await project.write("shared/tool.py", "2");
    expect(await hashOf("fit")).not.toBe(before);
  });

  test("follows a file that is edited while the bundle is watched", async () => {
    const passes = new EventEmitter();
    const watch = await watchBundles(project.processor(), [project.bundle], {
      debounceMs: 0,
      onProcessed: ({ files }) => {
        if (files.some(({ kind }) => kind === "read")) passes.emit("read");
      },
    });
    const before = project.dag("d").tasks.map(({ sourceHash }) => sourceHash);
    const changed = once(passes, "read");
    await project.write("dags/ml/fit.py", "print(2)\n");
    await changed;
    await watch.stop();
    const after = project.dag("d").tasks.map(({ sourceHash }) => sourceHash);
    expect(after.filter((hash, index) => hash !== before[index])).toHaveLength(1);
  });
});
