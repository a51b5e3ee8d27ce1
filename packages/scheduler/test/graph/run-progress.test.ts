import {
  TRIGGER_RULES,
  UNMAPPED,
  type SerializedBranch,
  type SerializedTask,
  type TriggerRule,
} from "@memodag/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseBranch } from "../../src/graph/branch-choice.ts";
import { buildDagGraph, type DagGraph, type DagNode } from "../../src/graph/dag-graph.ts";
import { RunProgress, type Decision, type EndedInstance } from "../../src/graph/run-progress.ts";
import { serializedDag, serializedTask } from "../serialized.ts";

type End = "success" | "failed" | "skipped" | "upstream_failed";

interface Plan {
  readonly task: SerializedTask;
  /** How each instance ends if it runs; none: mapped over an empty list. */
  readonly ends: readonly ("success" | "failed" | "skipped")[];
  /** What it returns if it decides a branch. */
  readonly value: string;
  /** It has ended so already, before the graph is asked. */
  readonly hasEnded: boolean;
}

/** A branch to later tasks, some of which wait for the task that decides and some only for its choice. */
const branches = fc.record({
  cases: fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 2 }),
  otherwise: fc.array(fc.nat(11), { maxLength: 2 }),
  waitsToo: fc.boolean(),
});

/**
 * Random Dags whose edges and branches lead from lower to higher numbers, with an end for every instance
 * and a value for every choice.
 */
const plans: fc.Arbitrary<Plan[]> = fc
  .array(
    fc.record({
      rule: fc.constantFrom<TriggerRule>(...TRIGGER_RULES),
      upstream: fc.array(fc.nat(11), { maxLength: 4 }),
      isMapped: fc.boolean(),
      ends: fc.array(fc.constantFrom("success" as const, "failed" as const, "skipped" as const), {
        maxLength: 3,
      }),
      branch: fc.option(branches, { freq: 2 }),
      value: fc.constantFrom("0", "1", "2"),
      hasEnded: fc.nat(4).map((draw) => draw === 0),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drafts) => {
    const later = (targets: readonly number[], index: number): number[] =>
      [...new Set(targets)].filter((target) => target > index && target < drafts.length);
    const branchOf = (index: number): SerializedBranch | undefined => {
      const { branch, isMapped } = drafts[index] ?? {};
      if (!branch || isMapped) return undefined;
      const idsOf = (targets: readonly number[]) => later(targets, index).map((target) => `t${target}`);
      const cases = branch.cases.map((targets, at) => ({ json: String(at), taskIds: idsOf(targets) }));
      return { by: "value", path: [], cases, otherwise: idsOf(branch.otherwise) };
    };
    const decidersOf = (index: number): number[] =>
      drafts.flatMap(({ branch }, from) => {
        const { cases = [], otherwise = [] } = branchOf(from) ?? {};
        const targets = [...cases.flatMap(({ taskIds }) => taskIds), ...otherwise];
        return branch?.waitsToo && targets.includes(`t${index}`) ? [from] : [];
      });
    return drafts.map(({ rule, upstream, isMapped, ends, value, hasEnded }, index): Plan => {
      const branch = branchOf(index);
      const above = upstream.filter((from) => from < index);
      return {
        task: serializedTask(`t${index}`, {
          triggerRule: rule,
          upstream: [...new Set([...above, ...decidersOf(index)])].map((from) => `t${from}`),
          expand: isMapped ? [["x", { kind: "literal", json: "[]" }]] : [],
          ...(branch && { branch }),
        }),
        ends: isMapped ? ends : [ends[0] ?? "success"],
        value,
        hasEnded: hasEnded && (!isMapped || ends.length > 0),
      };
    });
  });

/** What each rule asks for, said over how all upstream instances ended and nothing else. */
const MODEL: Record<TriggerRule, (up: readonly End[]) => End | "run"> = {
  all_success: (up) => (up.some(bad) ? "upstream_failed" : up.some(isSkipped) ? "skipped" : "run"),
  all_failed: (up) => (up.every(bad) ? "run" : "skipped"),
  all_done: () => "run",
  all_skipped: (up) => (up.every(isSkipped) ? "run" : "skipped"),
  one_success: (up) => (up.some(good) ? "run" : up.some(bad) ? "upstream_failed" : "skipped"),
  one_failed: (up) => (up.some(bad) ? "run" : "skipped"),
  one_done: (up) => (up.every(isSkipped) ? "skipped" : "run"),
  none_failed: (up) => (up.some(bad) ? "upstream_failed" : "run"),
  none_failed_min_one_success: (up) => (up.some(bad) ? "upstream_failed" : up.some(good) ? "run" : "skipped"),
  none_skipped: (up) => (up.some(isSkipped) ? "skipped" : "run"),
  always: () => "run",
};
const good = (end: End): boolean => end === "success";
const bad = (end: End): boolean => end === "failed" || end === "upstream_failed";
const isSkipped = (end: End): boolean => end === "skipped";

/** True when the task decides a branch that names the other one, and chose without it. */
function choosesAgainst({ task: { branch }, value }: Plan, taskId: string): boolean {
  if (!branch) return false;
  const targets = [...branch.cases.flatMap(({ taskIds }) => taskIds), ...branch.otherwise];
  const chosen = branch.cases.find(({ json }) => json === value)?.taskIds ?? branch.otherwise;
  return targets.includes(taskId) && !chosen.includes(taskId);
}

/** The slow, obvious answer: task after task, looking at everything above each. */
function model(tasks: readonly Plan[]): Record<string, End[]> {
  const ends: Record<string, End[]> = {};
  for (const { task, ends: own, hasEnded } of tasks) {
    const above = task.upstream.flatMap((taskId) => ends[taskId] ?? []);
    const isChosenAgainst = tasks.some(
      (other) => ends[other.task.taskId]?.[0] === "success" && choosesAgainst(other, task.taskId),
    );
    const ofRule = task.upstream.length === 0 ? "run" : MODEL[task.triggerRule](above);
    const verdict = isChosenAgainst ? "skipped" : ofRule;
    const isEmptyMap = own.length === 0;
    ends[task.taskId] = hasEnded
      ? [...own]
      : verdict !== "run"
        ? [verdict]
        : isEmptyMap
          ? ["skipped"]
          : [...own];
  }
  return ends;
}

/** Ends an instance; one that decides chooses what its plan says. */
function settle(progress: RunProgress, node: DagNode, end: End, tasks: readonly Plan[]): Decision[] {
  const decides = node.branch !== null && end === "success";
  const json = tasks[node.index]?.value ?? "0";
  return progress.settle(node, end, decides ? chooseBranch(node, { kind: "scalar", json }) : undefined);
}

/** How the instances of a task have ended already. */
const endsOf =
  (tasks: readonly Plan[]) =>
  ({ index, isMapped }: DagNode): EndedInstance[] => {
    const { ends = [], hasEnded = false } = tasks[index] ?? {};
    return hasEnded ? ends.map((state, at) => ({ mapIndex: isMapped ? at : UNMAPPED, state })) : [];
  };

/** Plays a run in an order drawn from `pick`. */
function play(
  graph: DagGraph,
  tasks: readonly Plan[],
  pick: (count: number) => number,
): Record<string, End[]> {
  const progress = new RunProgress(graph, endsOf(tasks));
  const ends: Record<string, End[]> = Object.fromEntries(tasks.map(({ task }) => [task.taskId, []]));
  const open: Decision[] = [];
  const take = (decisions: readonly Decision[]) => {
    for (const decision of decisions) {
      if (decision.kind === "ended") ends[decision.node.task.taskId]?.push(decision.state);
      else open.push(decision);
    }
  };
  take(progress.start());
  while (open.length > 0) {
    const [decision] = open.splice(pick(open.length), 1);
    if (!decision || decision.kind === "ended") continue;
    const { node } = decision;
    const plan = tasks[node.index]?.ends ?? [];
    if (decision.kind === "expand") {
      take(progress.expand(node, plan.length));
      continue;
    }
    const end = plan[decision.mapIndex === UNMAPPED ? 0 : decision.mapIndex] ?? "success";
    ends[node.task.taskId]?.push(end);
    take(settle(progress, node, end, tasks));
  }
  expect(progress.isOver).toBe(true);
  // Of what has ended already, a list that is made anew is told of again, and nothing else.
  for (const { task, ends: own, hasEnded } of tasks)
    if (hasEnded && ends[task.taskId]?.length === 0) ends[task.taskId]?.push(...own);
  return ends;
}

const sorted = (ends: Record<string, End[]>): Record<string, End[]> =>
  Object.fromEntries(Object.entries(ends).map(([taskId, states]) => [taskId, states.toSorted()]));

describe("RunProgress", () => {
  test("ends in the states of the obvious model, whatever the order of events", () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.nat(1_000)), (tasks, order) => {
        const graph = buildDagGraph(serializedDag(tasks.map(({ task }) => task)));
        const numbers = order[Symbol.iterator]();
        const pick = (count: number) => Number(numbers.next().value ?? 0) % count;
        expect(sorted(play(graph, tasks, pick))).toEqual(sorted(model(tasks)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("fails the run exactly when a task that nothing follows failed", () => {
    fc.assert(
      fc.property(plans, (tasks) => {
        const graph = buildDagGraph(serializedDag(tasks.map(({ task }) => task)));
        const progress = new RunProgress(graph, endsOf(tasks));
        const ends = model(tasks);
        const open = progress.start();
        for (const decision of open) {
          if (decision.kind === "ended") continue;
          const { node } = decision;
          const plan = tasks[node.index]?.ends ?? [];
          if (decision.kind === "expand") open.push(...progress.expand(node, plan.length));
          else open.push(...settle(progress, node, plan[Math.max(decision.mapIndex, 0)] ?? "success", tasks));
        }
        const leaves = graph.nodes.filter((node) => node.downstream.length === 0);
        const hasFailed = leaves.some((node) => ends[node.task.taskId]?.some(bad));
        expect(progress.outcome).toBe(hasFailed ? "failed" : "success");
      }),
    );
  });

  test("carries one failure down a chain of 20,000 tasks without recursion", () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) =>
      serializedTask(`t${index}`, { upstream: index === 0 ? [] : [`t${index - 1}`] }),
    );
    const graph = buildDagGraph(serializedDag(tasks));
    const progress = new RunProgress(graph);
    const [first] = progress.start();
    const decisions = progress.settle(first!.node, "failed");
    expect(decisions).toHaveLength(19_999);
    expect(progress.isOver).toBe(true);
    expect(progress.outcome).toBe("failed");
  });

  test("a mapped task that fails before it is expanded fails as one", () => {
    const tasks = [
      serializedTask("map", { expand: [["x", { kind: "literal", json: "{}" }]] }),
      serializedTask("after", { upstream: ["map"] }),
    ];
    const progress = new RunProgress(buildDagGraph(serializedDag(tasks)));
    const [expand] = progress.start();
    expect(expand?.kind).toBe("expand");
    expect(progress.settle(expand!.node, "failed")).toMatchObject([
      { kind: "ended", state: "upstream_failed" },
    ]);
    expect(progress.isOver).toBe(true);
  });
});
