// Transactions: how they are declared, and what is refused.

import type { SerializedDag } from "@memodag/core";
import { Dag, type TransactionContext, type TransactionOptions } from "@memodag/sdk";
import { listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault-of.ts";

const inert = (): undefined => undefined;
const one = (): number => 1;
const isOdd = ({ n }: { n: number }): boolean => n % 2 === 1;

function serialize(dag: Dag): SerializedDag {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, taskId]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes });
}

describe("a transaction", () => {
  it("is a task group, and data beside the tasks", () => {
    const dag = new Dag("d");
    const load = dag.transaction("load", { onRollback: inert, onCommit: inert });
    const n = load.task("fetch", one, { cache: true, onRollback: inert })();
    const clean = load.transaction("clean", { commit: "eager", failOn: "leaves" });
    clean.taskGroup("deep").task("sweep", one)();
    load.commitWhen(load.task("check", isOdd)({ n }).after(clean));
    load.before(dag.task("report", one)());
    const { transactions, tasks } = serialize(dag);
    expect(transactions).toEqual([
      {
        transactionId: "load",
        taskIds: ["load.check", "load.clean.deep.sweep", "load.fetch"],
        commit: { taskId: "load.check", path: [] },
        callbacks: ["commit", "rollback"],
      },
      {
        transactionId: "load.clean",
        parent: "load",
        taskIds: ["load.clean.deep.sweep"],
        commit: "eager",
        failOn: "leaves",
      },
    ]);
    const byId = new Map(tasks.map((task) => [task.taskId, task]));
    expect(byId.get("load.fetch")?.callbacks).toEqual(["rollback"]);
    expect(byId.get("report")?.upstream).toEqual(["load.check"]);
  });

  it("serializes its isolation, sorted and without defaults", () => {
    const isolationOf = (options: TransactionOptions) => {
      const dag = new Dag("d");
      dag.transaction("load", options).task("fetch", one)();
      return serialize(dag).transactions?.[0]?.isolation;
    };
    expect(isolationOf({ isolation: "serializable" })).toEqual({});
    expect(
      isolationOf({
        isolation: "serializable",
        lock: { store: "redis", wait: "1m", unavailable: "fail" },
        includeInputs: ["params.day", "logicalDate"],
      }),
    ).toEqual({
      includeInputs: ["logicalDate", "params.day"],
      lock: { store: "redis", waitMs: 60_000, onTimeout: "fail", unavailable: "fail" },
    });
    expect(isolationOf({ isolation: "read_committed" })).toBeUndefined();
  });

  it("leaves the serialized form of Dags without one as it was", () => {
    const dag = new Dag("d");
    dag.taskGroup("load").task("fetch", one)();
    dag.transaction("empty");
    expect(serialize(dag)).not.toHaveProperty("transactions");
  });

  it("commits as the transaction around it, unless it says otherwise", () => {
    const dag = new Dag("d");
    const outer = dag.transaction("outer", { commit: "eager" });
    outer.taskGroup("between").transaction("same").task("a", one)();
    outer.transaction("own", { commit: "lazy" }).task("b", one)();
    const commits = serialize(dag).transactions?.map(({ transactionId, commit }) => [transactionId, commit]);
    expect(commits).toEqual([
      ["outer", "eager"],
      ["outer.between.same", "eager"],
      ["outer.own", "lazy"],
    ]);
  });

  it("types what a rolled back task returned", () => {
    const dag = new Dag("d");
    const removed: string[] = [];
    const fetch = (): { file: string } => ({ file: "rows.csv" });
    dag.transaction("load").task("fetch", fetch, {
      onRollback: ({ returned, transaction }: TransactionContext<{ file: string }>) => {
        removed.push(returned.file, transaction.reason ?? "");
      },
    })();
    expect(serialize(dag).tasks[0]?.callbacks).toEqual(["rollback"]);
    expect(removed).toEqual([]);
  });

  const options: [string, TransactionOptions, string][] = [
    ["a commit mode that there is not", { commit: "off" } as never, 'commit is "off": use "lazy" or "eager"'],
    ["a task as commit mode", { commit: inert } as never, "call commitWhen() of the transaction"],
    ["another failOn", { failOn: "all" } as never, 'failOn is "all": use one of any, leaves'],
    ["a callback that is no function", { onCommit: 1 } as never, "onCommit is 1: use a function"],
    ["eager with onRollback", { commit: "eager", onRollback: inert }, "is eager, which undoes nothing"],
    ["an unknown option", { ttl: "1d" } as never, "unknown option ttl"],
    ["another isolation", { isolation: "snapshot" } as never, "use one of read_committed, serializable"],
    ["lock without a lock", { lock: { wait: "1m" } }, 'add isolation: "serializable", or remove lock'],
    ["inputs without a lock", { includeInputs: ["logicalDate"] }, "the transaction has no lock"],
    [
      "a context path that there is not",
      { isolation: "serializable", includeInputs: ["clock"] },
      'names "clock"',
    ],
  ];
  it.each(options)("refuses %s", (_name, given, message) => {
    const fault = faultOf(() => new Dag("d").transaction("load", given));
    expect(fault).toContain('Dag "d", task group "load": ');
    expect(fault).toContain(message);
  });

  it("refuses callbacks of transactions on tasks of none, and in defaultArgs", () => {
    const dag = new Dag("d");
    dag.task("it", one, { onCommit: inert })();
    expect(faultOf(() => serialize(dag))).toContain(
      'task "it": onCommit is set, and the task is in no transaction',
    );
    expect(faultOf(() => new Dag("d", { defaultArgs: { onCommit: inert } as never }))).toContain(
      "unknown option defaultArgs.onCommit",
    );
  });

  it("refuses onRollback of a task in an eager one", () => {
    const dag = new Dag("d");
    dag.transaction("load", { commit: "eager" }).task("it", one, { onRollback: inert })();
    expect(faultOf(() => serialize(dag))).toContain('transaction "load" is eager, which undoes nothing');
  });

  it("refuses a deciding task that is mapped, elsewhere, not the last, or one of two", () => {
    const dag = new Dag("d");
    const load = dag.transaction("load");
    const outside = dag.task("outside", () => true)();
    expect(faultOf(() => load.commitWhen(outside))).toContain("a task that is not in the transaction");
    expect(faultOf(() => load.commitWhen(null as never))).toContain("a task that is not in the transaction");
    const mapped = load.task("mapped", isOdd).expand({ n: [1, 2] });
    expect(faultOf(() => load.commitWhen(mapped as never))).toContain('"load.mapped", which is mapped');
    const check = load.task("check", () => true)();
    load.commitWhen(check);
    expect(faultOf(() => load.commitWhen(check))).toContain("commitWhen() is called twice");
    expect(faultOf(() => serialize(dag))).toContain(
      '"load.check" decides whether it is committed, and does not wait for its task "load.mapped"',
    );
    const eager = dag.transaction("eager", { commit: "eager" });
    const answer = eager.task("answer", () => true)();
    expect(faultOf(() => eager.commitWhen(answer))).toContain("the transaction is eager");
  });
});
