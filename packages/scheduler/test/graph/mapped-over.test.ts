import { UNMAPPED, type TriggerRule } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { buildDagGraph } from "../../src/graph/dag-graph.ts";
import { RunProgress, type Decision } from "../../src/graph/run-progress.ts";
import { serializedDag, serializedTask } from "../serialized.ts";

type End = "success" | "failed" | "skipped";

const over = (taskId: string) => [taskId, { kind: "result", taskId, path: [] }] as const;

/** Tasks `a` and `b` that return lists, and one that is mapped over some of them and waits for both. */
function dagOf(triggerRule: TriggerRule, lists: readonly string[]) {
  return buildDagGraph(
    serializedDag([
      serializedTask("a"),
      serializedTask("b"),
      serializedTask("mapped", { triggerRule, upstream: ["a", "b"], expand: lists.map(over) }),
    ]),
  );
}

/** What becomes of the mapped task when the others end so, in this order. */
function decide(rule: TriggerRule, lists: readonly string[], ends: Readonly<Record<string, End>>) {
  const graph = dagOf(rule, lists);
  const progress = new RunProgress(graph);
  const told: string[] = [];
  const hear = (decisions: readonly Decision[]): void => {
    for (const decision of decisions) {
      if (decision.node.task.taskId !== "mapped") continue;
      told.push(decision.kind === "ended" ? decision.state : decision.kind);
    }
  };
  hear(progress.start());
  for (const [taskId, end] of Object.entries(ends)) {
    const node = graph.nodes[graph.indexOf.get(taskId) ?? -1];
    if (!node) throw new Error(`no task ${taskId}`);
    told.push(taskId);
    hear(progress.settle(node, end));
  }
  return told.join(" ");
}

describe("a mapped task whose rule is fulfilled without its list", () => {
  test.each([
    ["all_done", ["a"], { a: "skipped", b: "success" }, "a b skipped"],
    ["none_failed", ["a"], { a: "skipped", b: "success" }, "a b skipped"],
    ["none_failed_min_one_success", ["a"], { a: "skipped", b: "success" }, "a b skipped"],
    ["all_done", ["a", "b"], { a: "skipped", b: "success" }, "a b skipped"],
    ["all_done", ["a"], { a: "failed", b: "success" }, "a b upstream_failed"],
    ["all_done", ["a", "b"], { a: "skipped", b: "failed" }, "a b upstream_failed"],
    ["one_failed", ["a"], { a: "failed", b: "success" }, "a upstream_failed b"],
    ["all_skipped", ["a"], { a: "skipped", b: "skipped" }, "a b skipped"],
    ["all_done", ["b"], { a: "failed", b: "success" }, "a b expand"],
  ] as const)("%s over %j ends as its list did: %j", (rule, lists, ends, expected) => {
    expect(decide(rule, lists, ends)).toBe(expected);
  });

  test.each([
    ["always", ["a"], { b: "success", a: "success" }, "b a expand"],
    ["always", ["a"], { a: "success", b: "failed" }, "a expand b"],
    ["always", ["a"], { b: "success", a: "skipped" }, "b a skipped"],
    ["one_success", ["a"], { b: "success", a: "success" }, "b a expand"],
    ["one_success", ["a"], { a: "success", b: "success" }, "a expand b"],
  ] as const)("%s over %j waits for its list: %j", (rule, lists, ends, expected) => {
    expect(decide(rule, lists, ends)).toBe(expected);
  });

  test("is one over a mapped task none of whose instances succeeded", () => {
    const graph = buildDagGraph(
      serializedDag([
        serializedTask("list"),
        serializedTask("inner", { upstream: ["list"], expand: [over("list")] }),
        serializedTask("outer", { upstream: ["inner"], triggerRule: "all_done", expand: [over("inner")] }),
      ]),
    );
    const [list, inner, outer] = graph.nodes;
    if (!list || !inner || !outer) throw new Error("a task is missing");
    const afterInner = (ends: readonly End[]) => {
      const progress = new RunProgress(graph);
      progress.start();
      progress.settle(list, "success");
      progress.expand(inner, ends.length);
      return ends.flatMap((end) => progress.settle(inner, end));
    };
    const ended = (state: string) => [{ kind: "ended", node: outer, mapIndex: UNMAPPED, state }];
    expect(afterInner(["skipped", "skipped"])).toEqual(ended("skipped"));
    expect(afterInner(["skipped", "failed"])).toEqual(ended("upstream_failed"));
    expect(afterInner(["success", "skipped"])).toEqual([{ kind: "expand", node: outer }]);
  });
});
