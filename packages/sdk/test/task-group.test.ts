import type { SerializedTask } from "@memodag/core";
import { Dag, type TaskGroup } from "@memodag/sdk";
import { listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault-of.ts";

function tasksOf(dag: Dag): readonly SerializedTask[] {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, taskId]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes }).tasks;
}

/** Every task's upstream, by id. */
function edgesOf(dag: Dag): Record<string, readonly string[]> {
  return Object.fromEntries(tasksOf(dag).map(({ taskId, upstream }) => [taskId, upstream]));
}

const one = (): number => 1;
const double = ({ n }: { n: number }): number => n * 2;

/** Two tasks in a group, the second of which takes the result of the first. */
function chain(group: TaskGroup) {
  const first = group.task("first", one)();
  return { first, last: group.task("last", double)({ n: first }) };
}

describe("a task group", () => {
  it("puts its id before those of its tasks, commands and groups, and nothing else of it into the Dag", () => {
    const dag = new Dag("d");
    const extract = dag.taskGroup("extract");
    const north = extract.task("north", one);
    north();
    extract.task(function south() {
      return 1;
    })();
    extract.task(one, { taskId: "west" })();
    extract.command("east", { command: ["true"] })();
    const ref = extract.taskGroup("far").task("away", one)();
    dag.task("north", one)();
    expect(Object.keys(edgesOf(dag)).toSorted()).toEqual([
      "extract.east",
      "extract.far.away",
      "extract.north",
      "extract.south",
      "extract.west",
      "north",
    ]);
    expect(north.taskId).toBe("extract.north");
    expect([extract.dagId, extract.groupId, ref.taskId, ref.dagId]).toEqual([
      "d",
      "extract",
      "extract.far.away",
      "d",
    ]);
    const {
      taskId: _,
      sourceHash: _hash,
      ...grouped
    } = tasksOf(dag).find(({ taskId }) => taskId === "extract.north")!;
    expect(tasksOf(dag).find(({ taskId }) => taskId === "north")).toMatchObject(grouped);
  });

  it("is waited for at its ends, and waits at its beginnings", () => {
    const dag = new Dag("d");
    const [a, z] = [dag.task("a", one)(), dag.task("z", one)()];
    const group = dag.taskGroup("g");
    // Edges drawn before the group has any task.
    expect(group.after(a)).toBe(group);
    z.after(group);
    chain(group);
    group.task("alone", one)();
    expect(edgesOf(dag)).toEqual({
      a: [],
      "g.first": ["a"],
      "g.last": ["g.first"],
      "g.alone": ["a"],
      z: ["g.alone", "g.last"],
    });
  });

  it.each([false, true])(
    "joins groups within groups, in whatever order edges are drawn: %s",
    (outerFirst) => {
      const dag = new Dag("d");
      const a = dag.task("a", one)();
      const outer = dag.taskGroup("o");
      const [left, right] = [outer.taskGroup("l"), outer.taskGroup("r")];
      const draw = [() => outer.after(a), () => left.before([right])];
      for (const edge of outerFirst ? draw : draw.toReversed()) edge();
      chain(left);
      chain(right);
      outer.before(dag.task("z", one)());
      expect(edgesOf(dag)).toEqual({
        a: [],
        "o.l.first": ["a"],
        "o.l.last": ["o.l.first"],
        "o.r.first": ["o.l.last"],
        "o.r.last": ["o.r.first"],
        z: ["o.r.last"],
      });
    },
  );

  it("joins nothing while it is empty", () => {
    const dag = new Dag("d");
    dag.taskGroup("g").after(dag.task("a", one)()).before(dag.task("z", one)());
    expect(edgesOf(dag)).toEqual({ a: [], z: [] });
  });

  it.each<[string, (dag: Dag, group: TaskGroup) => unknown, string]>([
    [
      "an id with a dot too long",
      (_dag, g) => g.task("x".repeat(249), one),
      "is not a task id: use only letters",
    ],
    ["an id that is none", (dag) => dag.taskGroup("two words"), '"two words" is not a task group id'],
    [
      "no id",
      (dag) => dag.taskGroup(undefined as unknown as string),
      "undefined is not a task group id: use only letters",
    ],
    [
      "two groups of an id",
      (dag) => dag.taskGroup("g"),
      'task group "g": there are two task groups with this id',
    ],
    [
      "the id of a task",
      (dag) => dag.taskGroup("t"),
      'task group "t": there is a task with this id: rename one',
    ],
    [
      "the id of a group",
      (dag) => dag.task("g", one),
      'task "g": there is a task group with this id: rename one',
    ],
    [
      "two tasks of an id",
      (dag, group) => [dag.task("g.t", one), group.task("t", one)],
      'task "g.t": there are two tasks with this id',
    ],
    ["an edge to itself", (_dag, group) => group.after(group), 'task group "g": it has an edge to itself'],
    [
      "an edge to a task within",
      (_dag, group) => group.task("x", one)().after(group),
      'task "g.x": there is an edge between it and task group "g", which contains it',
    ],
    [
      "an edge to a group within",
      (_dag, group) => group.before(group.taskGroup("h")),
      'task group "g.h": there is an edge between it and task group "g", which contains it',
    ],
    [
      "an edge to another Dag's group",
      (_dag, group) => group.after(new Dag("other").taskGroup("h")),
      'task group "g": it refers to task group "h" of Dag "other": declare it in this Dag',
    ],
    [
      "an edge to what is no node",
      (_dag, group) => group.after({ dagId: "d", taskId: "t" } as never),
      'task group "g": an object is neither a task\'s result nor a task group: call the task and pass the ref',
    ],
    [
      "a cycle through it",
      (dag, group) => {
        const { first } = chain(group);
        const outside = dag.task("outside", double)({ n: first });
        group.after(outside);
        dag.task("t2", one)();
        return tasksOf(dag);
      },
      "there is a cycle, ",
    ],
  ])("refuses %s", (_title, declare, message) => {
    const dag = new Dag("d");
    dag.task("t", one)();
    const group = dag.taskGroup("g");
    expect(faultOf(() => declare(dag, group))).toContain(message);
  });
});
