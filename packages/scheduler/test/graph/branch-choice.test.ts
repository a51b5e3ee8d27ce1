import type { MemodagError, SerializedBranch } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { chooseBranch, type DecidingValue } from "../../src/graph/branch-choice.ts";
import { buildDagGraph } from "../../src/graph/dag-graph.ts";
import { serializedDag, serializedTask } from "../serialized.ts";

const scalar = (json: string): DecidingValue => ({ kind: "scalar", json });
const other = (found: string): DecidingValue => ({ kind: "other", found });

/** Which of `a`, `b` and `c` are chosen. */
function chosen(branch: Partial<SerializedBranch>, value: DecidingValue): string[] {
  const ids = ["a", "b", "c"];
  const targets = ids.map((taskId) => serializedTask(taskId, { upstream: ["d"] }));
  const whole: SerializedBranch = { by: "value", path: [], cases: [], otherwise: [], ...branch };
  const graph = buildDagGraph(serializedDag([serializedTask("d", { branch: whole }), ...targets]));
  const nodes = chooseBranch(graph.nodes[0]!, value);
  return ids.filter((taskId) => nodes.has(graph.indexOf.get(taskId) ?? -1));
}

describe("what is chosen", () => {
  const sides = [
    { json: "true", taskIds: ["a"] },
    { json: "false", taskIds: ["b", "c"] },
  ];
  const byTask = [
    { json: '"a"', taskIds: ["a"] },
    { json: '"group"', taskIds: ["b", "c"] },
  ];

  test.each<[string, Partial<SerializedBranch>, string, string[]]>([
    ["by true", { by: "boolean", cases: sides }, "true", ["a"]],
    ["by false", { by: "boolean", cases: sides }, "false", ["b", "c"]],
    ["by false without an else", { by: "boolean", cases: sides.slice(0, 1) }, "false", []],
    ["by a task", { by: "task", cases: byTask }, '"a"', ["a"]],
    ["by a group", { by: "task", cases: byTask }, '"group"', ["b", "c"]],
    ["by a value", { cases: [{ json: "7", taskIds: ["a"] }], otherwise: ["b"] }, "7", ["a"]],
    ["by no value", { cases: [{ json: "7", taskIds: ["a"] }], otherwise: ["b"] }, '"7"', ["b"]],
    ["by no value, without a default", { cases: [{ json: "7", taskIds: ["a"] }] }, "8", []],
    ["by null", { cases: [{ json: "null", taskIds: ["c"] }] }, "null", ["c"]],
  ])("%s", (_title, branch, json, ids) => {
    expect(chosen(branch, scalar(json))).toEqual(ids);
  });

  test.each<[string, Partial<SerializedBranch>, DecidingValue, string]>([
    [
      "an if by a number",
      { by: "boolean", cases: sides },
      scalar("1"),
      "returned 1, which is not a condition: return true or false",
    ],
    [
      "an if by a list in a field",
      { by: "boolean", cases: sides, path: ["ok", 0] },
      other("a list"),
      "returned a list in its field ok.0, which is not a condition",
    ],
    [
      "a task outside of the switch",
      { by: "task", cases: byTask },
      scalar('"c"'),
      'returned "c", which is not a case of its switch: return "a" or "group"',
    ],
    [
      "a switch by an object",
      { cases: sides },
      other("an object"),
      "returned an object, which cannot select a case: return a string, a number, true, false or null",
    ],
    [
      "a text of megabytes",
      { by: "boolean", cases: sides },
      scalar(`"${"x".repeat(5_000_000)}"`),
      "is not a condition",
    ],
  ])("is not told by %s", (_title, branch, value, message) => {
    let fault: MemodagError | undefined;
    try {
      chosen(branch, value);
    } catch (error) {
      fault = error as MemodagError;
    }
    expect(fault).toMatchObject({ code: "branch_invalid" });
    expect(fault?.message).toContain(`task "d" returned `);
    expect(fault?.message).toContain(message);
    expect(fault?.message.length).toBeLessThan(200);
  });
});
