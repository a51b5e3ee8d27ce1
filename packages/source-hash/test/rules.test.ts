import { describe, expect, test } from "vitest";
import { hashProject, taskOf } from "./support/hash-project.ts";

const DAG = `import { Dag } from "memodag";
import { trim } from "./lib.ts";
export const dag = new Dag("d");
const a = dag.task("a", async ({ text }: { text: string }) => trim(text));
const b = dag.task("b", async () => 1);
b({ x: a({ text: "x" }) });
`;
const LIB = `export const trim = (text: string): string => cut(text.trim());
function cut(text: string) { return text.slice(0, WIDTH); }
const WIDTH = 3;
`;

async function hashOf(files: Readonly<Record<string, string>>, key: string): Promise<string> {
  return taskOf(await hashProject(files), key).hash;
}

describe("what a handler reaches", () => {
  const base = { "dag.ts": DAG, "lib.ts": LIB };

  test.each([
    ["its own text", { ...base, "dag.ts": DAG.replace("trim(text)", "trim(text) + 1") }],
    ["a helper's text", { ...base, "lib.ts": LIB.replace("text.trim()", "text") }],
    ["a constant that a helper of a helper uses", { ...base, "lib.ts": LIB.replace("= 3", "= 4") }],
  ])("%s is in its hash, and not in another task's", async (_, changed) => {
    expect(await hashOf(changed, "d.a")).not.toBe(await hashOf(base, "d.a"));
    expect(await hashOf(changed, "d.b")).toBe(await hashOf(base, "d.b"));
  });

  test.each([
    ["comments", { ...base, "lib.ts": `// hello\n${LIB.replace("{ return", "{ /* x */ return")}` }],
    ["formatting", { ...base, "lib.ts": LIB.replaceAll("; ", ";\n\n    ").replaceAll("(", "( ") }],
    ["types", { ...base, "lib.ts": LIB.replaceAll(": string", ": any") }],
    ["variables' names", { ...base, "lib.ts": LIB.replaceAll("WIDTH", "width") }],
    ["another function's name", { ...base, "lib.ts": `${LIB}export const other = () => 1;` }],
    ["parameters' names", { ...base, "lib.ts": LIB.replaceAll("text", "t") }],
    ["the order of declarations", { ...base, "lib.ts": LIB.split("\n").toReversed().join("\n") }],
    [
      "the module a helper lies in",
      {
        "dag.ts": DAG.replace("./lib.ts", "./re.ts"),
        "re.ts": `export * from "./deep/lib2.ts";`,
        "deep/lib2.ts": LIB,
      },
    ],
    ["another task's code", { ...base, "dag.ts": DAG.replace("() => 1", "() => { return [2, trim]; }") }],
    [
      "another task's options",
      { ...base, "dag.ts": DAG.replace("=> 1)", "=> 1, { cache: true, retries: 2 })") },
    ],
    ["how tasks are wired", { ...base, "dag.ts": DAG.replace("b({ x: a(", "b({ y: a(") }],
  ])("%s changes nothing", async (_, changed) => {
    expect(await hashOf(changed, "d.a")).toBe(await hashOf(base, "d.a"));
  });
});
