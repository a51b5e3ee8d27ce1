import { describe, expect, test } from "vitest";
import { createPackageResolver, hashSources } from "@memodag/source-hash";
import { hashProject, taskOf } from "./support/hash-project.ts";
import { installedBy } from "./support/installed-by.ts";

const dagFile = (top: string, handler: string): string => `import { Dag } from "memodag";
import { far } from "./far.ts";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
dag.task("plain", () => 1)();
dag.task("far", () => far())();
`;

const far = (value: number): string => `export const far = () => ${value};`;

describe("what cannot be told covers the whole graph", () => {
  test.each([
    ["eval", "", "(x: string) => eval(x)"],
    ["indirect eval", "", "(x: string) => (0, eval)(x)"],
    ["Function", "", `() => new Function("return 1")`],
    ["Function by another name", "", `() => (() => {}).constructor("return 1")`],
    ["a computed property of globalThis", "", `(x: string) => (globalThis as any)[x]`],
    ["a computed import()", "", "(x: string) => import(x)"],
    ["an import() of a file that was not bundled", "", `() => import("#nowhere")`],
    ["import.meta as a value", "", "() => Object.keys(import.meta)"],
    ["createRequire", `import { createRequire } from "node:module";`, `() => createRequire("/x")`],
    ["a helper that does", "const run = (x: string) => eval(x);", "(x: string) => run(x)"],
  ])("%s", async (_, top, handler) => {
    const source = dagFile(top, handler);
    const before = await hashProject({ "dag.ts": source, "far.ts": far(1) });
    const after = await hashProject({ "dag.ts": source, "far.ts": far(2) });
    expect(taskOf(before, "d.t").mode).toBe("whole_graph");
    expect(taskOf(before, "d.t").warnings).not.toEqual([]);
    expect(taskOf(after, "d.t").hash).not.toBe(taskOf(before, "d.t").hash);
    expect(taskOf(before, "d.plain").mode).toBe("slice");
    expect(taskOf(after, "d.plain").hash).toBe(taskOf(before, "d.plain").hash);
  });

  test("a bound handler, and one of Node's own", async () => {
    const hashes = await hashProject({
      "dag.ts": dagFile("const f = function (this: unknown) { return this };", "f.bind(1)"),
      "far.ts": far(1),
    });
    expect(taskOf(hashes, "d.t").mode).toBe("whole_graph");
    const native = await hashProject({ "dag.ts": dagFile("", "Math.max"), "far.ts": far(1) });
    expect(taskOf(native, "d.t").mode).toBe("whole_graph");
  });

  test("an arrow that uses the this of a method around it", async () => {
    const top = `class Maker { n = 1; handler() { return () => this.n } }`;
    const hashes = await hashProject({ "dag.ts": dagFile(top, "new Maker().handler()"), "far.ts": far(1) });
    expect(taskOf(hashes, "d.t").mode).toBe("whole_graph");
  });
});

describe("bad input", () => {
  const request = {
    map: null,
    folder: "/project",
    shownFolder: "",
    packages: createPackageResolver(installedBy(`{ "packages": {} }`)),
    loaded: [],
    readAnchor: () => null,
    readPrivateName: () => null,
    located: { handlers: [["d.t", 0]], heap: [{ kind: "opaque", what: "nothing" }] },
  } as const;

  test("code that cannot be parsed is known by its bytes", () => {
    const { tasks } = hashSources({ ...request, code: "export const = ;" });
    const other = hashSources({ ...request, code: "export const = 1;" });
    expect(tasks.get("d.t")).toMatchObject({ mode: "whole_graph" });
    expect(tasks.get("d.t")?.warnings.join()).toContain("could not be analysed");
    expect(other.tasks.get("d.t")?.hash).not.toBe(tasks.get("d.t")?.hash);
  });

  test("code nested deeper than the stack is known by its bytes", () => {
    const { tasks } = hashSources({
      ...request,
      code: `export const x = ${"[".repeat(50_000)}${"]".repeat(50_000)};`,
    });
    expect(tasks.get("d.t")?.mode).toBe("whole_graph");
  });

  test("5 MB of code are hashed in bounded time, all of them", () => {
    const code = `export const rows = [${"[1,2,3],".repeat(650_000)}];\n`;
    // Time of the processor, of which others take none.
    const before = process.cpuUsage();
    const { tasks } = hashSources({ ...request, code });
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
    const other = hashSources({
      ...request,
      code: code.replace("3]];", "4]];").replace("[1,2,3],]", "[1,2,4],]"),
    });
    expect(tasks.get("d.t")?.warnings.join()).toContain("4 MiB");
    expect(other.tasks.get("d.t")?.hash).not.toBe(tasks.get("d.t")?.hash);
  });

  test("modules that import each other", async () => {
    const files = {
      "dag.ts": dagFile(`import { a } from "./a.ts";`, "() => a(3)"),
      "far.ts": far(1),
      "a.ts": `import { b } from "./b.ts";\nexport const a = (n: number): number => (n > 0 ? b(n - 1) : 1);`,
      "b.ts": `import { a } from "./a.ts";\nexport const b = (n: number): number => a(n) + 2;`,
    };
    const before = taskOf(await hashProject(files), "d.t");
    const after = taskOf(await hashProject({ ...files, "b.ts": files["b.ts"].replace("+ 2", "+ 3") }), "d.t");
    expect(before.mode).toBe("slice");
    expect(after.hash).not.toBe(before.hash);
  });

  test("a map that cannot be read takes the paths, not the hash", async () => {
    const { tasks } = hashSources({ ...request, code: "export const x = 1;", map: "{" });
    expect(tasks.get("d.t")?.warnings.join()).not.toContain("could not be analysed");
  });
});
