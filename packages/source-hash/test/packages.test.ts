import { describe, expect, test } from "vitest";
import type { TaskSource } from "@memodag/source-hash";
import { hashProject, lockOf, taskOf, type HashProjectOptions } from "./support/hash-project.ts";

const FILES = {
  "dag.ts": `import { Dag } from "memodag";
import fit from "ml-cart/lib/fit";
import { value } from "left";
import { readFileSync } from "node:fs";
export const dag = new Dag("d");
dag.task("fit", () => fit(1))();
dag.task("left", () => value)();
dag.task("none", () => 1)();
dag.task("node", () => readFileSync("x"))();
`,
};

const LOCK = {
  "node_modules/ml-cart": { version: "2.1.1", integrity: "sha512-a", dependencies: { tree: "^1.0.0" } },
  "node_modules/ml-cart/node_modules/tree": { version: "1.0.0", integrity: "sha512-b" },
  "node_modules/tree": { version: "3.0.0", integrity: "sha512-c" },
  "node_modules/left": {
    version: "1.0.0",
    integrity: "sha512-d",
    optionalDependencies: { "left-linux": "1.0.0" },
    peerDependencies: { tree: "*" },
  },
};

async function hash(key: string, options: HashProjectOptions): Promise<TaskSource> {
  return taskOf(await hashProject(FILES, options), `d.${key}`);
}

describe("packages of a lockfile", () => {
  const base = { lock: lockOf(LOCK) };
  const changed = (place: keyof typeof LOCK, fields: object): HashProjectOptions => ({
    lock: lockOf({ ...LOCK, [place]: { ...LOCK[place], ...fields } }),
  });

  test.each([
    ["its version", "fit", changed("node_modules/ml-cart", { version: "2.1.2" })],
    ["its integrity", "fit", changed("node_modules/ml-cart", { integrity: "sha512-z" })],
    [
      "one that it depends on",
      "fit",
      changed("node_modules/ml-cart/node_modules/tree", { version: "1.0.1" }),
    ],
    ["a peer", "left", changed("node_modules/tree", { integrity: "sha512-y" })],
    [
      "an optional one that is there now",
      "left",
      { lock: lockOf({ ...LOCK, "node_modules/left-linux": { version: "1.0.0", integrity: "sha512-e" } }) },
    ],
  ])("%s is in the hash of the task that reaches it, and of no other", async (_, key, options) => {
    expect((await hash(key, options)).hash).not.toBe((await hash(key, base)).hash);
    expect((await hash("none", options)).hash).toBe((await hash("none", base)).hash);
    expect((await hash("node", options)).hash).toBe((await hash("node", base)).hash);
  });

  test("a copy for somebody else is not in it", async () => {
    const options = changed("node_modules/tree", { version: "3.0.1" });
    expect((await hash("fit", options)).hash).toBe((await hash("fit", base)).hash);
  });

  test("where a package lies is not in it", async () => {
    const { "node_modules/ml-cart/node_modules/tree": tree, ...others } = LOCK;
    const hoisted = { lock: lockOf({ ...others, "node_modules/tree": tree }) };
    expect((await hash("fit", hoisted)).hash).toBe((await hash("fit", base)).hash);
  });

  test("it is named with its version among the components", async () => {
    const { components, mode } = await hash("fit", base);
    expect(mode).toBe("slice");
    expect(components).toContainEqual(
      expect.objectContaining({ kind: "package", name: "ml-cart", version: "2.1.1" }),
    );
  });

  test("one that it lacks makes the hash cover the whole graph, and is named", async () => {
    const { "node_modules/ml-cart": _, ...without } = LOCK;
    const source = await hash("fit", { lock: lockOf(without) });
    expect(source.mode).toBe("whole_graph");
    expect(source.warnings.join()).toContain(`"ml-cart"`);
    expect((await hash("none", { lock: lockOf(without) })).mode).toBe("slice");
  });

  test("one that another needs and it lacks is named too", async () => {
    const { "node_modules/ml-cart/node_modules/tree": _, "node_modules/tree": __, ...without } = LOCK;
    const source = await hash("fit", { lock: lockOf(without) });
    expect(source.mode).toBe("whole_graph");
    expect(source.warnings.join()).toContain(`"tree"`);
  });

  test("one that is installed from a folder is not fixed by it", async () => {
    const linked = {
      "node_modules/left": { resolved: "libs/left", link: true },
      "libs/left": { version: "1.0.0" },
    };
    const source = await hash("left", { lock: lockOf({ ...LOCK, ...linked }) });
    expect(source.mode).toBe("whole_graph");
    expect(source.warnings.join()).toContain(`"left"`);
  });

  test("a loaded version that it does not have is not taken for the locked one", async () => {
    const loaded = [{ name: "ml-cart", version: "2.0.0" }];
    const source = await hash("fit", { ...base, loaded });
    expect(source.mode).toBe("whole_graph");
    expect(source.warnings.join()).toContain("ml-cart 2.0.0");
    expect(source.hash).not.toBe((await hash("fit", base)).hash);
    expect((await hash("none", { ...base, loaded })).mode).toBe("slice");
    expect((await hash("fit", { ...base, loaded: [{ name: "ml-cart", version: "2.1.1" }] })).mode).toBe(
      "slice",
    );
  });

  test("a lockfile that is none is said to be", async () => {
    const source = await hash("fit", { lock: "{" });
    expect(source.warnings.join()).toContain("package-lock.json is not JSON");
  });
});

describe("packages without a lockfile", () => {
  const installed = {
    "/project/node_modules/ml-cart/package.json": `{"name":"ml-cart","version":"2.1.1","dependencies":{"tree":"1"}}`,
    "/project/node_modules/tree/package.json": `{"name":"tree","version":"1.0.0"}`,
    "/project/node_modules/left/package.json": `{"name":"left","version":"1.0.0"}`,
  };

  test.each([["ml-cart"], ["tree"]])("the installed version of %s is in the hash", async (name) => {
    const path = `/project/node_modules/${name}/package.json` as keyof typeof installed;
    const upgraded = { ...installed, [path]: installed[path].replace(/"version":"\d/, `"version":"9`) };
    const before = await hash("fit", { lock: null, installed });
    const after = await hash("fit", { lock: null, installed: upgraded });
    expect(after.hash).not.toBe(before.hash);
    expect(before.warnings.join()).toContain("package-lock.json");
    expect((await hash("left", { lock: null, installed: upgraded })).hash).toBe(
      (await hash("left", { lock: null, installed })).hash,
    );
  });
});
