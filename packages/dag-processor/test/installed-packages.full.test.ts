import { mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

let project: Project;

/** `uses` loads packages in a way of its own; `none` has nothing to do with any. */
function dagFile(expression: string, imports: string): string {
  return `import { Dag } from "memodag";
import { createRequire } from "node:module";
${imports}
export const dag = new Dag("a");
dag.task("uses", () => ${expression}, { cache: true })();
dag.task("none", () => 1, { cache: true })();
`;
}

beforeEach(async () => {
  project = await Project.create();
  await project.write(
    "package.json",
    JSON.stringify({ name: "p", type: "module", imports: { "#dep": "dep", "#p/*": "*", "#*": "none" } }),
  );
  await install("dep", {
    version: "1.0.0",
    dependencies: { deep: "1" },
    peerDependenciesMeta: { maybe: { optional: true } },
  });
  await project.write("node_modules/dep/index.js", `import { deep } from "deep"; export const dep = deep;`);
  await project.write("node_modules/dep/lazy.js", `export const later = () => import("phantom");`);
  await project.write("node_modules/dep/data/rows.json", "[1]");
  for (const name of ["deep", "phantom", "maybe"]) await install(name, { version: "1.0.0" });
});

afterEach(() => project.remove());

async function install(name: string, manifest: object, folder = `node_modules/${name}`): Promise<void> {
  const text = {
    name,
    type: "module",
    exports: { ".": "./index.js", "./lazy.js": "./lazy.js" },
    sideEffects: false,
    ...manifest,
  };
  await project.write(`${folder}/package.json`, JSON.stringify(text));
  await project.write(`${folder}/index.js`, `export const ${name} = 1;`);
}

async function pass(): Promise<string | undefined> {
  return (await project.process()).files[0]?.kind;
}

function hashOf(taskId: string): string | undefined {
  return project.dag("a").tasks.find((task) => task.taskId === taskId)?.sourceHash;
}

type Change = readonly [what: string, change: () => Promise<void>];

const CHANGES: readonly Change[] = [
  ["another version", () => install("dep", { version: "1.0.1" })],
  [
    "a file that is edited in place",
    () => project.write("node_modules/dep/index.js", `export const dep = 2;`),
  ],
  ["a file of data", () => project.write("node_modules/dep/data/rows.json", "[2]")],
  ["a file that appears", () => project.write("node_modules/dep/data/more.json", "[2]")],
  ["one that it depends on", () => project.write("node_modules/deep/index.js", `export const deep = 2;`)],
  [
    "one that it imports without saying so",
    () => project.write("node_modules/phantom/index.js", `export const phantom = 2;`),
  ],
  [
    "one that it names as optional alone",
    () => project.write("node_modules/maybe/index.js", `export const maybe = 2;`),
  ],
  [
    "a nearer copy of one",
    () => install("deep", { version: "1.0.0", x: 1 }, "node_modules/dep/node_modules/deep"),
  ],
  ["a nearer copy of itself", () => install("dep", { version: "3.0.0" }, "dags/node_modules/dep")],
  ["one that is taken away", () => rm(join(project.root, "node_modules/maybe"), { recursive: true })],
];

describe("an installed package", () => {
  it.each(CHANGES)("with %s is another one, whatever the lockfile says", async (_what, change) => {
    await project.write(
      "package-lock.json",
      `{"lockfileVersion":3,"packages":{"node_modules/dep":{"version":"1.0.0"}}}`,
    );
    await project.write("dags/a.ts", dagFile("dep", `import { dep } from "dep";`));
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    const [uses, none] = [hashOf("uses"), hashOf("none")];
    await change();
    expect(await pass()).toBe("read");
    expect(hashOf("uses")).not.toBe(uses);
    expect(hashOf("none")).toBe(none);
    expect(await pass()).toBe("unchanged");
  });

  it.each([
    ["a private name", `dep`, `import { dep } from "#dep";`],
    ["a private name of a pattern", `dep`, `import { dep } from "#p/dep";`],
    ["a namespace", `all.dep`, `import * as all from "dep";`],
    ["a lazy import", `import("dep")`, ``],
    ["a require of the author's own", `dep`, `const dep = createRequire(import.meta.url)("dep");`],
    ["a computed import at the top level", `dep`, `const { dep } = await import(["d", "ep"].join(""));`],
  ])("is known however it is loaded: by %s", async (_how, expression, imports) => {
    await project.write("dags/a.ts", dagFile(expression, imports));
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    const before = hashOf("uses");
    await project.write("node_modules/deep/index.js", `export const deep = 2;`);
    expect(await pass()).toBe("read");
    expect(hashOf("uses")).not.toBe(before);
  });

  it.each(["#dep", "#p/dep"])("leaves nothing unfollowed by the private name %s", async (name) => {
    await project.write("dags/a.ts", dagFile("dep", `import { dep } from "${name}";`));
    await pass();
    expect(project.dag("a").tasks.map((task) => task.unfollowed ?? [])).toEqual([[], []]);
  });

  it("that is linked is known by what it is linked to", async () => {
    await install("linked", { version: "1.0.0" }, "one");
    await install("linked", { version: "1.0.0", x: 1 }, "two");
    await project.write("node_modules/dep/index.js", `export { linked as dep } from "linked";`);
    await project.link(".", "linked", "one");
    await project.write("dags/a.ts", dagFile("dep", `import { dep } from "dep";`));
    await pass();
    const before = hashOf("uses");
    await rm(join(project.root, "node_modules/linked"));
    await project.link(".", "linked", "two");
    expect(await pass()).toBe("read");
    expect(hashOf("uses")).not.toBe(before);
    await project.write("two/index.js", `export const linked = 2;`);
    expect(await pass()).toBe("read");
  });

  it("that does something when it is loaded counts for all tasks, and so does the order", async () => {
    await install("patch", { version: "1.0.0", sideEffects: undefined });
    await install("other", { version: "1.0.0", sideEffects: undefined });
    const [patch, other] = [`import { patch } from "patch";`, `import { other } from "other";`];
    const source = (imports: string) =>
      dagFile("dep + patch + other", `import { dep } from "dep";\n${imports}`);
    await project.write("dags/a.ts", source(patch + other));
    await pass();
    const none = hashOf("none");
    await project.write("node_modules/patch/index.js", `export const patch = 2;`);
    await pass();
    const patched = hashOf("none");
    expect(patched).not.toBe(none);
    await project.write("dags/a.ts", source(other + patch));
    await pass();
    expect(hashOf("none")).not.toBe(patched);
  });

  it("is digested once, and again when a file keeps its size and its time of change", async () => {
    await project.write("dags/a.ts", dagFile("dep", `import { dep } from "dep";`));
    const path = join(project.root, "node_modules/deep/index.js");
    const text = await readFile(path, "utf8");
    await utimes(path, 1, 1);
    expect(await pass()).toBe("read");
    const before = hashOf("uses");
    await writeFile(path, text.replace("1", "2"));
    await utimes(path, 1, 1);
    expect(await pass()).toBe("read");
    expect(hashOf("uses")).not.toBe(before);
  });

  it("is the same one when it is installed again", async () => {
    await project.write("dags/a.ts", dagFile("dep", `import { dep } from "dep";`));
    await pass();
    const text = await readFile(join(project.root, "node_modules/deep/index.js"), "utf8");
    await rm(join(project.root, "node_modules/deep"), { recursive: true });
    await mkdir(join(project.root, "elsewhere"));
    await install("deep", { version: "1.0.0" });
    await project.write("node_modules/deep/index.js", text);
    expect(await pass()).toBe("unchanged");
  });
});

it("links within packages do not lead it round in circles", async () => {
  await symlink("..", join(project.root, "node_modules/dep/self"));
  await project.write("dags/a.ts", dagFile("dep", `import { dep } from "dep";`));
  expect(await pass()).toBe("read");
  expect(await pass()).toBe("unchanged");
});
