// Files with more statements than effects are looked for in: nothing is missed, and the time grows with the file.

import { describe, expect, test } from "vitest";
import { hashSources } from "@memodag/source-hash";
import { hashProject, loadProject, taskOf } from "./support/hash-project.ts";

const MANY = 1_000;

const list = (length: number, line: (index: number) => string): string =>
  Array.from({ length }, (_, index) => line(index)).join("\n");

/** Each is in reach of the next, and so all of them of the last: half a million looks. */
const chain = (length: number): string => `let calls = 0;
const link = (below: unknown, n: number) => { calls += 1; return { below, n } };
const v0 = link(null, 0);
${list(length, (index) => `const v${index + 1} = link(v${index}, ${index});`)}`;

const dagFile = (top: string, handler: string): string => `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
`;

const REGISTRY = `const counter = { n: 1 };
const registry = new Map<string, (c: { n: number }) => void>();
const bump = (c: { n: number }) => { c.n += 5 };
registry.set("a", bump);
registry.get("a")?.(counter);`;

describe("a call by way of a registry, among too many statements to tell what each changes", () => {
  test.each([
    ["what is called", "c.n += 5", "c.n += 6"],
    ["what it is called with", "{ n: 1 }", "{ n: 2 }"],
    ["the name that it is called by", `get("a")`, `get("b")`],
    ["what it is kept under", `set("a"`, `set("c"`],
    ["how often it is called", "(counter);", '(counter); registry.get("a")!(counter);'],
  ])("%s", async (_, from, to) => {
    const before = dagFile(`${REGISTRY}\n${chain(MANY)}`, "() => counter.n");
    const hashes = await hashProject({ "dag.ts": before });
    // The budget was spent: otherwise this shows nothing.
    expect(hashes.impureStatements.map(({ reason }) => reason).join()).toContain("too many statements");
    const after = await hashProject({ "dag.ts": before.replace(from, to) });
    expect(taskOf(hashes, "d.t").mode).toBe("slice");
    expect(taskOf(after, "d.t").hash).not.toBe(taskOf(hashes, "d.t").hash);
  });

  test("a captured registry, which is shared", async () => {
    const top = `${REGISTRY}
const make = (held: typeof registry, seen: typeof counter) => () => [held.size, seen.n];
const handler = make(registry, counter);
${chain(MANY)}`;
    const before = dagFile(top, "handler");
    const hash = async (text: string): Promise<string> =>
      taskOf(await hashProject({ "dag.ts": text }), "d.t").hash;
    expect(await hash(before.replace("c.n += 5", "c.n += 6"))).not.toBe(await hash(before));
  });
});

test.each([
  ["a chain of values", chain],
  [
    "a registry of functions",
    (length: number) => `const registry = new Map<string, (n: number) => number>();
${list(length, (index) => `function add${index}(n: number) { return n + ${index} }\nregistry.set("add${index}", add${index});`)}`,
  ],
  [
    "a table that is filled",
    (length: number) => `const table: Record<string, number> = {};
${list(length, (index) => `table["k${index}"] = ${index};`)}`,
  ],
])("%s of four times the length takes no more than nine times as long", async (_, make) => {
  const timeOf = async (length: number): Promise<number> => {
    const request = await loadProject({ "dag.ts": dagFile(make(length), "() => 1") });
    const measure = (): number => {
      // Time of the processor, of which others take none.
      const before = process.cpuUsage();
      expect(hashSources(request).tasks.size).toBe(1);
      return process.cpuUsage(before).user;
    };
    measure();
    return measure();
  };
  const few = 600;
  expect((await timeOf(4 * few)) / (await timeOf(few))).toBeLessThan(9);
});
