import { readJson, silentLogger, type SerializedBranch } from "@memodag/core";
import { Dag, type TaskRef } from "@memodag/sdk";
import { listHandlers, runHandler, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";
import { faultOf } from "./fault-of.ts";

function serialize(dag: Dag) {
  const sourceHashes = new Map([...listHandlers(dag).keys()].map((taskId) => [taskId, taskId]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes });
}

function branchOf(dag: Dag, taskId: string): SerializedBranch | undefined {
  return serialize(dag).tasks.find((task) => task.taskId === taskId)?.branch;
}

const one = (): number => 1;
const isTrue = (): boolean => true;

/** A Dag with three tasks to choose among, and a group of two of which one waits for the other. */
function targets() {
  const dag = new Dag("d");
  const [a, b, c] = [dag.task("a", one)(), dag.task("b", one)(), dag.task("c", one)()];
  const group = dag.taskGroup("g");
  const last = group.task("last", one)();
  const first = group.task("first", one)();
  last.after(first);
  return { dag, a, b, c, group };
}

describe("a decider that is declared with its branch, as in Airflow's SDK", () => {
  it("is a task with the name of its function, or the option's, with arguments and options", () => {
    const { dag, a, b, group } = targets();
    const rows = dag.task("rows", () => [1])();
    dag
      .if(
        async function hasRows(args: { rows: number[] }) {
          return args.rows.length > 0;
        },
        { rows },
      )
      .then(a)
      .else(b);
    dag.if(isTrue, {}, { taskId: "sure", retries: 2 }).then(group);
    const tasks = new Map(serialize(dag).tasks.map((task) => [task.taskId, task]));
    expect(tasks.get("hasRows")).toMatchObject({ upstream: ["rows"], args: [["rows", {}]] });
    expect(tasks.get("sure")).toMatchObject({ retries: 2 });
    expect(branchOf(dag, "hasRows")?.cases).toMatchObject([{ taskIds: ["b"] }, { taskIds: ["a"] }]);
    expect([...listHandlers(dag).keys()]).toContain("hasRows");
  });

  it("chooses among tasks, or by value", () => {
    const { dag, a, b } = targets();
    dag
      .switch(function pick() {
        return dag.dagId === "" ? a : b;
      })
      .case(a)
      .case(b);
    const level = (): 1 | 2 => 1;
    const branch = dag.switch(level);
    // @ts-expect-error the level is never 3
    const invalid = (): unknown => branch.case(3, a);
    expectTypeOf(invalid).toBeFunction();
    branch.case(1, a).default(b);
    expect(branchOf(dag, "pick")?.by).toBe("task");
    expect(branchOf(dag, "level")).toMatchObject({ by: "value", otherwise: ["b"] });
  });

  it("is checked by the compiler, and is no factory that was not called", () => {
    const { dag, a } = targets();
    const uncalled = dag.task("uncalled", isTrue);
    const invalid = (): void => {
      // @ts-expect-error it returns no boolean
      dag.if(one);
      // @ts-expect-error an argument is missing
      dag.if((args: { rows: number[] }) => args.rows.length > 0);
      // @ts-expect-error an argument is not known
      dag.if(isTrue, { rows: 1 });
    };
    expectTypeOf(invalid).toBeFunction();
    // @ts-expect-error a factory is no handler
    expect(faultOf(() => dag.if(uncalled).then(a))).toContain("call the task");
    expect(faultOf(() => dag.if(() => true).then(a))).toContain("no name");
  });
});

describe("dag.if", () => {
  it("says what each side chooses, and draws edges to where the sides begin", () => {
    const { dag, a, group } = targets();
    const ok = dag.task("ok", () => ({ ready: true }))();
    dag.if(ok.field("ready")).then(a).else(group);
    expect(branchOf(dag, "ok")).toEqual({
      by: "boolean",
      path: ["ready"],
      cases: [
        { json: "false", taskIds: ["g.first", "g.last"] },
        { json: "true", taskIds: ["a"] },
      ],
      otherwise: [],
    });
    const upstream = Object.fromEntries(serialize(dag).tasks.map((task) => [task.taskId, task.upstream]));
    expect(upstream).toMatchObject({ a: ["ok"], "g.first": ["ok"], "g.last": ["g.first"], b: [] });
  });

  it("may have one side, and leaves Dags without a branch as they were", () => {
    const { dag, a } = targets();
    const ok = dag.task("ok", isTrue)();
    expect(serialize(dag).tasks.some((task) => "branch" in task)).toBe(false);
    dag.if(ok).then(a);
    expect(branchOf(dag, "ok")?.cases).toEqual([{ json: "true", taskIds: ["a"] }]);
    expect(branchOf(dag, "a")).toBeUndefined();
  });

  it("says that it is not to be awaited", async () => {
    const { dag } = targets();
    // Dag files may be JavaScript, and a file may be changed by somebody in a hurry.
    const branch = dag.if(dag.task("ok", isTrue)()) as unknown as Promise<never>;
    await expect(branch).rejects.toThrow(
      'task "ok": then() was called with a function: do not await dag.if()',
    );
  });
});

describe("dag.switch", () => {
  it("chooses by the task that was returned, which leaves its process as its id", async () => {
    const { dag, a, group } = targets();
    const picked = dag.task("pick", async (): Promise<typeof a | typeof group> => group)();
    expectTypeOf(picked).toEqualTypeOf<TaskRef<string>>();
    dag.switch(picked).case(a).case(group);
    expect(branchOf(dag, "pick")).toEqual({
      by: "task",
      path: [],
      cases: [
        { json: '"a"', taskIds: ["a"] },
        { json: '"g"', taskIds: ["g.first", "g.last"] },
      ],
      otherwise: [],
    });
    const dagRun = { runId: "r", runType: "manual" as const, logicalDate: null, conf: {} };
    const { xcoms } = await runHandler(
      dag,
      "pick",
      {},
      {
        context: {
          dag: { dagId: "d" },
          dagRun,
          task: { taskId: "pick" },
          taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "a1" },
          params: {},
          logicalDate: null,
          dataInterval: null,
        },
        declaredContext: null,
        signal: new AbortController().signal,
        log: silentLogger,
      },
    );
    expect(readJson(xcoms[0]!.bytes)).toBe("g");
  });

  it("chooses by value; several values may choose the same, and the rest the default", () => {
    const { dag, a, b, c } = targets();
    const cadence = dag.task("cadence", (): "weekly" | "monthly" | "daily" | null => "daily")();
    const cases = dag.switch(cadence).case("weekly", a).case("monthly", a).case(null, b);
    cases.default(c);
    expect(branchOf(dag, "cadence")).toEqual({
      by: "value",
      path: [],
      cases: [
        { json: '"monthly"', taskIds: ["a"] },
        { json: '"weekly"', taskIds: ["a"] },
        { json: "null", taskIds: ["b"] },
      ],
      otherwise: ["c"],
    });
  });

  it("knows the values of its decider's type", () => {
    const { dag, a } = targets();
    const pick = dag.task("pick", (): "x" | "y" => "x")();
    const cases = dag.switch(pick);
    expectTypeOf(cases.case).toBeCallableWith("x", a);
    // @ts-expect-error the decider never returns it
    expectTypeOf(cases.case).toBeCallableWith("z", a);
    // @ts-expect-error a number is no condition
    expectTypeOf(dag.if).parameter(0).toEqualTypeOf<TaskRef<number>>();
    const list = dag.task("list", () => [1])();
    const invalid = (): void => {
      // @ts-expect-error a list decides no switch
      dag.switch(list);
    };
    expect(faultOf(() => serialize(dag))).toContain('task "pick": its branch has no target');
    expectTypeOf(invalid).toBeFunction();
  });
});

describe("a branch that cannot be right", () => {
  type Targets = ReturnType<typeof targets>;
  /** What no compiler has seen. */
  type Unchecked = {
    if(ref: unknown): { then(target: unknown): { else(target: unknown): void } };
    switch(ref: unknown): Cases;
  };
  interface Cases {
    case(...given: readonly unknown[]): Cases;
    default(target: unknown): void;
  }

  it.each<[string, (dag: Unchecked & Dag, given: Targets & { ok: unknown }) => unknown, string]>([
    ["an if on what is no task", (dag) => dag.if(true), 'Dag "d": true is neither a task\'s result nor'],
    [
      "an if on a group",
      (dag, { group }) => dag.if(group),
      'task group "g": dag.if() was called with a task group',
    ],
    [
      "a switch on another Dag's task",
      (dag) => dag.switch(new Dag("e").task("t", one)()),
      'it refers to task "t" of Dag "e": declare it in this Dag',
    ],
    [
      "a mapped decider",
      (dag) => dag.if(dag.task("m", ({ n }: { n: number }) => n > 1).expand({ n: [1] })),
      'task "m": dag.if() was called with the results of a mapped task: pass a task that takes these',
    ],
    [
      "two branches of one task",
      (dag, { ok, a, b }) => [dag.if(ok).then(a), dag.switch(ok).case(b)],
      'task "ok": it decides two branches',
    ],
    ["no side", (dag, { ok }) => [dag.if(ok), serialize(dag)], "its branch has no target: add .then(…)"],
    ["no case", (dag, { ok }) => [dag.switch(ok), serialize(dag)], "its branch has no target"],
    [
      "a default alone",
      (dag, { ok, a }) => [dag.switch(ok).default(a), serialize(dag)],
      "its branch has no target",
    ],
    [
      "a target that is none",
      (dag, { ok }) => dag.if(ok).then("a"),
      'task "ok": "a" is neither a task\'s result nor a task group',
    ],
    [
      "a target of another Dag",
      (dag, { ok }) => dag.if(ok).then(new Dag("e").taskGroup("t")),
      'task "ok": it refers to task group "t" of Dag "e"',
    ],
    [
      "a target on both sides",
      (dag, { ok, a }) => dag.if(ok).then(a).else(a),
      '"a" is on both sides of its if: if it should always run, add an edge with .after()',
    ],
    [
      "a group on one side and its task on the other",
      (dag, { ok, group }) => {
        const inside = group.task("inside", one)();
        dag.if(ok).then(group).else(inside);
        serialize(dag);
      },
      '"g.inside" is a target of two sides of its branch',
    ],
    [
      "two sides of one kind",
      (dag, { ok, a, b }) => {
        const branch = dag.if(ok);
        branch.then(a);
        branch.then(b);
      },
      "its if has two targets for true",
    ],
    [
      "a case twice",
      (dag, { ok, a, b }) => dag.switch(ok).case(-0, a).case(0, b),
      "its switch has two targets for 0",
    ],
    ["a task as a case twice", (dag, { ok, a }) => dag.switch(ok).case(a).case(a), 'has two targets for "a"'],
    [
      "two defaults",
      (dag, { ok, a, b }) => {
        const cases = dag.switch(ok).case(1, a);
        cases.default(a);
        cases.default(b);
      },
      "its switch has two targets for default",
    ],
    [
      "cases of two kinds",
      (dag, { ok, a, b }) => dag.switch(ok).case(a).case(1, b),
      "by task with cases by value",
    ],
    [
      "a default of tasks",
      (dag, { ok, a, b }) => dag.switch(ok).case(a).default(b),
      "by task with cases by value",
    ],
    [
      "a case for a list",
      (dag, { ok, a }) => dag.switch(ok).case([1], a),
      "its switch has a case for a list: use a string, a number, true, false or null",
    ],
    ["a case for NaN", (dag, { ok, a }) => dag.switch(ok).case(Number.NaN, a), 'task "ok": NaN at case: '],
    [
      "an empty group",
      (dag, { ok }) => [dag.if(ok).then(dag.taskGroup("h")), serialize(dag)],
      'its branch selects task group "h", which is empty: declare a task in the group',
    ],
    [
      "a task that chooses itself",
      (dag, { ok }) => [dag.if(ok).then(ok), serialize(dag)],
      'its branch selects "ok", which is or contains the deciding task',
    ],
    [
      "a task that chooses its group",
      (dag, { group }) => [dag.if(group.task("ok", isTrue)()).then(group), serialize(dag)],
      'task "g.ok": there is an edge between it and task group "g", which contains it',
    ],
  ])("%s", (_title, declare, message) => {
    const given = targets();
    const dag = given.dag as unknown as Unchecked & Dag;
    const ok = given.dag.task("ok", isTrue)();
    expect(faultOf(() => declare(dag, { ...given, ok }))).toContain(message);
  });
});
