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

describe("packages", () => {
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

  test("what was loaded by another way than an import is in every hash", async () => {
    const loaded = [{ name: "loose", version: "1.0.0", digest: "a" }];
    const before = await hash("none", { ...base, loaded });
    expect(before.hash).not.toBe((await hash("none", base)).hash);
    expect(before.hash).not.toBe(
      (await hash("none", { ...base, loaded: [{ ...loaded[0]!, digest: "b" }] })).hash,
    );
  });

  test("one that may do something when it is loaded is in every hash", async () => {
    const withEffects = (integrity: string) => changed("node_modules/left", { sideEffects: true, integrity });
    expect((await hash("none", withEffects("a"))).hash).not.toBe((await hash("none", withEffects("b"))).hash);
  });

  test("so is one that does so through another one", async () => {
    const withEffects = (integrity: string) =>
      changed("node_modules/tree", { sideEffects: ["./a.js"], integrity });
    expect((await hash("none", withEffects("a"))).hash).not.toBe((await hash("none", withEffects("b"))).hash);
  });

  test("one that changed behind another one is named", async () => {
    expect((await hash("fit", base)).components).toContainEqual(
      expect.objectContaining({ kind: "package", name: "tree (through ml-cart)", version: "1.0.0" }),
    );
  });
});
