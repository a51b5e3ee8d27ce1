import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "./project.ts";

const DAG = `import { Dag } from "memodag";
import { clean } from "./lib/clean.ts";
import { score } from "./lib/score.ts";
export const dag = new Dag("p");
const a = dag.task("a", async () => clean(" x "), { cache: true });
const b = dag.task("b", async ({ of }: { of: string }) => score(of), { cache: true });
b({ of: a() });
`;
const CLEAN = `export function clean(text: string): string { return text.trim(); }\n`;
const SCORE = `export const score = (text: string): number => text.length * 2;\n`;

describe("source hashes of a Dag file", () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.create();
    await project.write("dags/p.ts", DAG);
    await project.write("dags/lib/clean.ts", CLEAN);
    await project.write("dags/lib/score.ts", SCORE);
    await project.write("package-lock.json", '{ "lockfileVersion": 3, "packages": { "": {} } }');
  });
  afterEach(() => project.remove());

  async function hashes(): Promise<Record<string, string>> {
    const { files } = await project.process();
    expect(files.filter((file) => file.kind === "broken")).toEqual([]);
    return Object.fromEntries(project.dag("p").tasks.map(({ taskId, sourceHash }) => [taskId, sourceHash]));
  }

  test("change for the tasks that reach what changed", async () => {
    const before = await hashes();
    await project.write("dags/lib/score.ts", SCORE.replace("* 2", "* 3"));
    const after = await hashes();
    expect(after["a"]).toBe(before["a"]);
    expect(after["b"]).not.toBe(before["b"]);
  });

  test("do not change with formatting, comments, types and other tasks", async () => {
    const before = await hashes();
    await project.write(
      "dags/lib/clean.ts",
      `// trims\nexport function clean(\n  text: string | String,\n): string {\n  return text.trim();\n}\n`,
    );
    await project.write(
      "dags/p.ts",
      DAG.replace("b({ of: a() });", `const c = dag.task("c", async () => 1);\nc();\nb({ of: a() });`),
    );
    const after = await hashes();
    expect({ a: after["a"], b: after["b"] }).toEqual(before);
  });

  test("say what they are made of", async () => {
    const { b } = await hashes();
    const source = (await project.store.findTaskSources()).get(b ?? "");
    expect(source?.mode).toBe("slice");
    expect(source?.components.map(({ kind, path, name }) => `${path} ${kind} ${name}`)).toContainEqual(
      expect.stringMatching(/^dags\/lib\/score\.ts .*score|^lib\/score\.ts .*score/),
    );
  });

  test("cover everything, with a warning, where code is made of text", async () => {
    const before = await hashes();
    await project.write(
      "dags/lib/clean.ts",
      `export const clean = (text: string): string => eval("text.trim()");\n`,
    );
    const withEval = await hashes();
    const saved = project.store.saves.at(-1);
    expect(saved?.file.warnings.join("\n")).toMatch(/p\.a covers every module of the Dag file/);
    await project.write("dags/lib/score.ts", SCORE.replace("* 2", "* 3"));
    const after = await hashes();
    expect(withEval["a"]).not.toBe(before["a"]);
    expect(after["a"]).not.toBe(withEval["a"]);
  });

  test("of a command cover the validator of its result, and all that it reaches", async () => {
    const checked = `import { Dag } from "memodag";
import { least } from "./lib/least.ts";
const validate = (value) => (value >= least() ? { value } : { issues: [{ message: "too small" }] });
const result = { "~standard": { version: 1, vendor: "own", validate } };
export const dag = new Dag("p");
dag.command("a", { command: ["true"], sources: [], cache: true, result })();
dag.command("b", { command: ["true"], sources: [], cache: true })();
`;
    await project.write("dags/lib/least.ts", "export const least = () => 1;\n");
    await project.write("dags/p.ts", checked);
    const first = await hashes();
    await project.write("dags/p.ts", checked.replace("too small", "far too small"));
    const reworded = await hashes();
    await project.write("dags/lib/least.ts", "export const least = () => 2;\n");
    const raised = await hashes();
    await project.write("dags/p.ts", checked.replace(", result })", " })"));
    const unchecked = await hashes();
    expect(new Set([first, reworded, raised, unchecked].map(({ a }) => a)).size).toBe(4);
    expect(new Set([first, reworded, raised, unchecked].map(({ b }) => b)).size).toBe(1);
  });

  test("of a command cover a validator made by a function, and by a class", async () => {
    const made = (least: number, kind: string): string => `import { Dag } from "memodag";
class Least { constructor(least) { this.least = least; }
  get "~standard"() { return { version: 1, vendor: "own", validate: (value) => ({ value: Math.max(this.least, value) }) }; } }
const atLeast = (least) => ({ "~standard": { version: 1, vendor: "own", validate: (value) => ({ value: Math.max(least, value) }) } });
export const dag = new Dag("p");
dag.command("a", { command: ["true"], sources: [], cache: true, result: ${kind}(${least}) })();
`;
    for (const kind of ["atLeast", "new Least"]) {
      await project.write("dags/p.ts", made(1, kind));
      const { a: before } = await hashes();
      await project.write("dags/p.ts", made(2, kind));
      const { a: after } = await hashes();
      expect(after).not.toBe(before);
    }
  });

  test("list the packages that a task may load, whatever the lockfile has of them", async () => {
    await project.install(".", "left", "1.0.0", "export const left = (text) => text;");
    await project.write(
      "dags/lib/clean.ts",
      `import { left } from "left";\nexport const clean = (text: string): string => left(text);\n`,
    );
    await hashes();
    expect(project.dag("p").packages).toEqual([{ name: "left", version: "1.0.0" }]);
  });
});
