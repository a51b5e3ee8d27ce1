import type { DagFileError } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dagSource, Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
});

afterEach(() => project.remove());

/** The error of `dags/broken.ts`, while a good file beside it is read. */
async function errorOf(source: string, loadTimeoutMs = 10_000): Promise<DagFileError> {
  await project.write("dags/broken.ts", source);
  await project.write("dags/good.ts", dagSource("good"));
  const { files } = await project.process({ loadTimeoutMs });
  expect(files[1]).toEqual({ kind: "read", path: "good.ts", dagIds: ["good"] });
  const [broken] = files;
  if (broken?.kind !== "broken") throw new Error(`broken.ts is ${broken?.kind}`);
  expect(project.store.files.get("main:broken.ts")?.error).toEqual(broken.error);
  return broken.error;
}

const SDK = `import { Dag } from "memodag";\n`;

describe("a Dag file that is broken", () => {
  it("by its syntax is told with file, line and column", async () => {
    expect(await errorOf(`${SDK}export const dag = new Dag("x";`)).toEqual({
      file: "broken.ts",
      line: 2,
      column: 31,
      message: expect.stringContaining(`Expected ")"`),
    });
  });

  it("by a file it imports is told where the fault is", async () => {
    await project.write("dags/lib/rows.ts", "export const rows = ;\n");
    const error = await errorOf(
      `${SDK}import { rows } from "./lib/rows.ts";\nexport const dag = new Dag("x" + rows);`,
    );
    expect(error).toMatchObject({ file: "lib/rows.ts", line: 1, column: 21 });
  });

  it.each([
    ["a file that is not there", "./rows.ts", /"\.\/rows\.ts".*create the file/],
    ["a package that is not installed", "no-such-package", /no-such-package.*install/],
    ["a tsconfig path", "@/rows", /@\/rows.*tsconfig paths are not read/],
    ["a private name", "#rows", /#rows.*package\.json/],
  ])("by an import of %s", async (_what, specifier, message) => {
    const error = await errorOf(
      `${SDK}\nimport { rows } from "${specifier}";\nexport const dag = new Dag("x" + rows);`,
    );
    expect(error).toEqual({
      file: "broken.ts",
      line: 3,
      column: 22,
      message: expect.stringMatching(message),
    });
  });

  it("by a name that a package does not export", async () => {
    await project.install("dags", "rows", "1.0.0", "export const other = 1;");
    const error = await errorOf(
      `${SDK}\nimport { rows } from "rows";\nexport const dag = new Dag("x" + rows);`,
    );
    expect(error).toMatchObject({ file: "broken.ts", line: 3, message: expect.stringContaining("'rows'") });
  });

  it("by a name that a file does not export", async () => {
    await project.write("dags/rows.ts", "export const other = 1;");
    const error = await errorOf(
      `${SDK}import { rows } from "./rows.ts";\nexport const dag = new Dag("x" + rows);`,
    );
    expect(error).toMatchObject({
      file: "broken.ts",
      line: 2,
      message: expect.stringMatching(/rows.*export it/),
    });
  });

  it("by what it throws is told at the original line, in the file that threw", async () => {
    await project.write(
      "dags/lib/rows.ts",
      `interface Row { id: number }\n\nexport function readRows(): Row[] {\n  throw new RangeError("no rows");\n}\n`,
    );
    const error = await errorOf(
      `${SDK}import { readRows } from "./lib/rows.ts";\nexport const dag = new Dag("x" + readRows());`,
    );
    expect(error).toMatchObject({
      file: "lib/rows.ts",
      line: 4,
      message: expect.stringContaining("RangeError: no rows"),
    });
  });

  it("by what a package of its throws is told at its own line", async () => {
    await project.install(
      "dags",
      "rows",
      "1.0.0",
      "export const read = () => { throw new Error('no file'); };",
    );
    const error = await errorOf(
      `${SDK}import { read } from "rows";\n\nread();\nexport const dag = new Dag("x");`,
    );
    expect(error).toMatchObject({ file: "broken.ts", line: 4, message: expect.stringContaining("no file") });
  });

  it("by throwing what is no error", async () => {
    expect(await errorOf(`${SDK}throw "a fit";`)).toMatchObject({
      file: "broken.ts",
      line: null,
      message: expect.stringContaining("a fit"),
    });
  });

  it("by a rejection that nobody handles", async () => {
    const source = `${SDK}export const dag = new Dag("x");\nvoid Promise.reject(new Error("late"));\nawait new Promise((done) => setTimeout(done, 5_000));`;
    expect(await errorOf(source)).toMatchObject({
      file: "broken.ts",
      line: 3,
      message: expect.stringContaining("late"),
    });
  });

  it("by what the SDK refuses is told where it was written, in the SDK's words", async () => {
    const error = await errorOf(`${SDK}const id = "";\nexport const dag = new Dag(id);`);
    expect(error).toMatchObject({ file: "broken.ts", line: 3 });
    expect(error.message).not.toMatch(/threw/);
  });

  it("by a cycle", async () => {
    const error = await errorOf(`${SDK}export const dag = new Dag("x");
const a = dag.task("a", async () => 1)();
const b = dag.task("b", async () => 2)();
a.before(b);
b.before(a);`);
    expect(error).toMatchObject({ file: "broken.ts", message: expect.stringMatching(/cycle/i) });
  });

  it("by making a Dag and exporting none", async () => {
    expect(await errorOf(`${SDK}\nconst dag = new Dag("x");`)).toEqual({
      file: "broken.ts",
      line: 3,
      column: null,
      message: expect.stringContaining("export const dag"),
    });
  });

  it("by one id for two Dags", async () => {
    const error = await errorOf(`${SDK}export const a = new Dag("x");\nexport const b = new Dag("x");`);
    expect(error.message).toMatch(/two Dags with the id "x"/);
  });

  it("by ending the process", async () => {
    expect((await errorOf(`${SDK}process.exit(3);`)).message).toMatch(/exit code 3.*process\.exit/);
  });

  it("by being killed", async () => {
    expect((await errorOf(`${SDK}process.kill(process.pid, "SIGKILL");`)).message).toMatch(/SIGKILL/);
  });

  it("by waiting for ever", async () => {
    expect((await errorOf(`${SDK}await new Promise(() => {});`)).message).toMatch(
      /awaits something at its top level/,
    );
  });

  it("by an endless loop, which is not waited for a second time", async () => {
    expect((await errorOf(`${SDK}for (;;);`, 5_000)).message).toMatch(/within 5s.*loops/);
    expect((await project.process()).files[0]).toEqual({ kind: "unchanged", path: "broken.ts" });
  });

  it("never shows a path of this machine", async () => {
    await project.write("dags/data.bin", "x");
    const error = await errorOf(
      `${SDK}import data from "./data.bin";\nexport const dag = new Dag("x" + data);`,
    );
    expect(error.message).not.toContain(project.root);
    expect(error).toMatchObject({
      file: "broken.ts",
      line: 2,
      message: expect.stringContaining(`type: "bytes"`),
    });
  });
});
