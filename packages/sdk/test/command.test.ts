// Tasks that run programs: how they are declared, and what is refused.

import type { JsonValue, SerializedTask } from "@memodag/core";
import { Dag, type CommandOptions, type TaskRef } from "@memodag/sdk";
import { getHandler, listHandlers, listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";
import { faultOf } from "./fault-of.ts";

function tasksOf(dag: Dag): Map<string, SerializedTask> {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
  const { tasks } = serializeDag(dag, { artifactDigest: "", sourceHashes });
  return new Map(tasks.map((task) => [task.taskId, task]));
}

describe("dag.command", () => {
  it("declares a task with a program in place of a handler, and all options of a task", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 2, pool: "gpu" } });
    const load = dag.task("load", () => [1])();
    const fit = dag.command("fit", {
      command: ["python3", "fit.py", "-v", "-v", ""],
      sources: ["lib/**/*.py", "fit.py", "fit.py"],
      env: { LEVEL: "3", A: "" },
      cwd: "ml",
      retries: 1,
      executionTimeout: "1h",
      cache: { env: ["MODEL_DIR"], excludeInputs: ["account"] },
    });
    const model = fit({ rows: load, depth: 3, account: "me" });
    dag.task("best", ({ models }: { models: JsonValue }) => models)({ models: model });

    const task = tasksOf(dag).get("fit");
    expect(task).toMatchObject({
      args: [
        ["account", {}],
        ["depth", { json: "3" }],
        ["rows", { kind: "result", taskId: "load" }],
      ],
      upstream: ["load"],
      retries: 1,
      pool: "gpu",
      executionTimeoutMs: 3_600_000,
      cache: { env: ["MODEL_DIR"], excludeInputs: ["account"] },
    });
    expect(task?.command).toEqual({
      argv: ["python3", "fit.py", "-v", "-v", ""],
      cwd: "ml",
      env: [
        ["A", ""],
        ["LEVEL", "3"],
      ],
      sources: ["fit.py", "lib/**/*.py"],
      files: [],
    });
    expect(tasksOf(dag).get("best")).not.toHaveProperty("command");
    expect([...listHandlers(dag).keys()]).toEqual(["load", "best"]);
    expect(() => getHandler(dag, "fit")).toThrow(/has no handler: run its command/);
  });

  it("maps, and takes lists and objects with refs in them", () => {
    const dag = new Dag("d");
    const one = dag.command<{ id: string }>("one", { command: ["true"] })();
    const all = dag
      .command<number>("all", { command: ["true"] })
      .partial({ of: { id: one.field("id") } })
      .expand({ depth: [1, 2] });
    expectTypeOf(one).toEqualTypeOf<TaskRef<{ id: string }>>();
    expectTypeOf(all).toEqualTypeOf<TaskRef<number[]>>();
    const any = dag.command("any", { command: ["true"] })({ list: [one, 1] });
    expectTypeOf(any).toEqualTypeOf<TaskRef<JsonValue>>();
    expect(tasksOf(dag).get("all")).toMatchObject({ expand: [["depth", {}]], upstream: ["one"] });
    expect(tasksOf(dag).get("any")?.upstream).toEqual(["one"]);
  });

  it("knows its options", () => {
    const dag = new Dag("d");
    // @ts-expect-error there is no command
    expect(() => dag.command("a", {})).toThrow(/command is undefined/);
    // @ts-expect-error a number is no argument
    expect(() => dag.command("b", { command: ["sleep", 1] })).toThrow(/command is a list/);
    // @ts-expect-error no such option
    expect(() => dag.command("c", { command: ["true"], shell: true })).toThrow(/unknown option shell/);
  });

  it.each<[unknown, string]>([
    [undefined, "the options must be an object, got undefined"],
    [{}, 'command is undefined: give the program and its arguments, such as ["python3", "fit.py"]'],
    [{ command: "python3 fit.py" }, 'command is "python3 fit.py": give the program'],
    [{ command: [] }, "command is a list: give the program"],
    [{ command: [""] }, "command is a list"],
    [{ command: ["a\0b"] }, "command is a list"],
    [
      { command: ["a"], shell: true },
      "unknown option shell: remove it; known options are command, sources, env, cwd,",
    ],
    [
      { command: ["a"], cache: true },
      'sources is missing, and the task is cached: list the program\'s files, such as ["fit.py"], or use []',
    ],
    [{ command: ["a"], sources: "fit.py" }, 'sources is "fit.py": use a list of strings'],
    [
      { command: ["a"], sources: ["/etc/passwd"] },
      'sources names "/etc/passwd": use a path or glob relative',
    ],
    [{ command: ["a"], cwd: "/tmp" }, 'cwd is "/tmp": use a folder relative'],
    [{ command: ["a"], env: ["A"] }, "env is a list: use an object of variables"],
    [{ command: ["a"], env: { A: 1 } }, "env.A is 1: use a string; to pass on a variable"],
    [{ command: ["a"], env: { "A=B": "1" } }, 'env sets "A=B": use letters'],
    [
      { command: ["a"], env: { MEMODAG_INPUTS: "x" } },
      'env sets "MEMODAG_INPUTS": use letters, digits and _, and do not begin with MEMODAG_',
    ],
    [{ command: ["a"], retries: -1 }, "retries is -1"],
    [{ command: ["a"], cache: { ttl: "soon" }, sources: [] }, 'cache.ttl is "soon"'],
  ])("refuses %j", (options, message) => {
    expect(faultOf(() => new Dag("d").command("t", options as CommandOptions))).toContain(
      `Dag "d", task "t": ${message}`,
    );
  });

  it("refuses one that is never called, called twice, or has another's id", () => {
    const dag = new Dag("d");
    const fit = dag.command("fit", { command: ["true"] });
    expect(faultOf(() => tasksOf(dag))).toContain("call the factory that dag.command() returned once");
    fit();
    expect(faultOf(() => fit())).toContain("it is called twice");
    expect(faultOf(() => dag.command("fit", { command: ["true"] }))).toContain("two tasks with this id");
    expect(faultOf(() => dag.command("no id", { command: ["true"] }))).toContain("is not a task id");
  });
});
