import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
  await project.write("package.json", `{"type":"module"}`);
  await project.write("dags/lib/rows.json", "[1]");
  await project.write("dags/lib/table.cjs", `module.exports = require("./deeper.cjs");`);
  await project.write("dags/lib/deeper.cjs", `module.exports = 1;`);
  await project.write("dags/lib/script.mjs", `import "./shared.mjs";`);
  await project.write("dags/lib/shared.mjs", `console.log(1);`);
  await project.install(".", "dep", "1.0.0", `export const dep = 1;`);
});

afterEach(() => project.remove());

async function read(handler: string, imports: string): Promise<string | undefined> {
  await project.write(
    "dags/a.ts",
    `import { Dag } from "memodag";\n${imports}\nexport const dag = new Dag("a");\ndag.task("work", ${handler}, { cache: true })();\n`,
  );
  return pass();
}

async function pass(): Promise<string | undefined> {
  return (await project.process()).files[0]?.kind;
}

const task = () => project.dag("a").tasks[0];

const REQUIRE = `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);`;
const THREADS = `import { Worker } from "node:worker_threads";\nimport { execFileSync, fork } from "node:child_process";`;

describe("a file that code loads by its path is in the hash", () => {
  it.each([
    ["JSON by require", `() => require("./lib/rows.json")`, REQUIRE, "lib/rows.json"],
    ["what a required file requires", `() => require("./lib/table")`, REQUIRE, "lib/deeper.cjs"],
    ["a package by require", `() => require("dep").dep`, REQUIRE, "../node_modules/dep/index.js"],
    [
      "a require that is not kept",
      `() => createRequire(import.meta.url)("./lib/rows.json")`,
      `import { createRequire } from "node:module";`,
      "lib/rows.json",
    ],
    [
      "what a thread imports",
      `() => void new Worker(new URL("./lib/script.mjs", import.meta.url))`,
      THREADS,
      "lib/shared.mjs",
    ],
    [
      "a forked script",
      `() => void fork(new URL("lib/script.mjs", import.meta.url))`,
      THREADS,
      "lib/script.mjs",
    ],
    [
      "a script beside import.meta.dirname",
      `() => void execFileSync(process.execPath, [join(import.meta.dirname, "lib", "script.mjs")])`,
      `${THREADS}\nimport { join } from "node:path";`,
      "lib/script.mjs",
    ],
  ])("%s", async (_what, handler, imports, changed) => {
    expect(await read(handler, imports)).toBe("read");
    expect(await pass()).toBe("unchanged");
    expect(task()?.unfollowed).toBeUndefined();
    const before = task()?.sourceHash;
    await project.write(`dags/${changed}`, "2;");
    expect(await pass()).toBe("read");
    expect(task()?.sourceHash).not.toBe(before);
  });
});

describe("what cannot be followed is not cached, and says so", () => {
  it.each([
    ["a computed name", `(n: any) => require(n)`, REQUIRE],
    ["a require with another name", `(n: any) => other(n)`, `${REQUIRE}\nconst other = require;`],
    [
      "createRequire with another name",
      `() => make(import.meta.url)("./lib/rows.json")`,
      `import { createRequire as make } from "node:module";`,
    ],
    [
      "createRequire of the whole module",
      `() => all["create" + "Require"](import.meta.url)`,
      `import * as all from "node:module";`,
    ],
    [
      "getBuiltinModule",
      `() => process.getBuiltinModule("module").createRequire(import.meta.url)("dep")`,
      "",
    ],
    [
      "a getBuiltinModule that is handed on",
      `() => get("node:module")`,
      `const get = process.getBuiltinModule;`,
    ],
    ["a computed import", `(n: any) => import(n)`, ""],
  ])("%s", async (_what, handler, imports) => {
    expect(await read(handler, imports)).toBe("read");
    expect(task()?.unfollowed).toHaveLength(1);
    expect(project.store.saves.at(-1)?.file.warnings.join()).toMatch(/cannot be followed. It is not cached/);
  });

  it.each([
    ["another builtin", `() => process.getBuiltinModule("node:path").sep`, ""],
    ["a module's own place", `() => new URL("./lib/rows.json", import.meta.url).href`, ""],
  ])("which %s is not", async (_what, handler, imports) => {
    await read(handler, imports);
    expect(task()?.unfollowed).toBeUndefined();
  });
});
