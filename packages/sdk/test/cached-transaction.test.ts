import { MemodagError, type SerializedDag } from "@memodag/core";
import { approval, Dag, triggerDagRun, type TransactionOptions } from "@memodag/sdk";
import { listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";

const one = (): number => 1;
const same = ({ n }: { n: number }): number => n;

function serialize(dag: Dag): SerializedDag {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, taskId]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes, keyHashes: sourceHashes });
}

function faultOf(declare: () => unknown): string {
  try {
    declare();
  } catch (error) {
    if (error instanceof MemodagError && error.code === "dag_invalid") return error.message;
    throw error;
  }
  return expect.unreachable("nothing was refused");
}

describe("a transaction with a record", () => {
  it("is data, and says of its tasks what it says itself", () => {
    const dag = new Dag("d");
    const load = dag.transaction("load", { cache: { ttl: "1d", env: ["REGION"], version: "2" } });
    const n = load.task("fetch", one, { cache: { env: ["HOME"], ttl: "1h", version: "7", errors: "1m" } })();
    load.taskGroup("deep").task("check", same)({ n });
    dag.task("outside", one)();
    const { tasks, transactions } = serialize(dag);
    const plain = { excludeInputs: [], includeInputs: [], serialize: false, errorsTtlMs: null };
    expect(transactions).toEqual([
      {
        transactionId: "load",
        taskIds: ["load.deep.check", "load.fetch"],
        commit: "lazy",
        cache: { ...plain, ttlMs: 86_400_000, env: ["REGION"], version: "2" },
      },
    ]);
    expect(Object.fromEntries(tasks.map(({ taskId, cache }) => [taskId, cache]))).toEqual({
      "load.fetch": { ...plain, ttlMs: 3_600_000, env: ["HOME", "REGION"], version: "7" },
      "load.deep.check": { ...plain, ttlMs: "default", env: ["REGION"], version: null },
      outside: null,
    });
  });

  it("means by true what the Dag says", () => {
    const dag = new Dag("d", { defaultArgs: { cache: { ttl: "1h", keyStorage: "shared" } } });
    dag.transaction("load", { cache: true }).task("fetch", one)();
    const { tasks, transactions } = serialize(dag);
    expect(transactions?.[0]?.cache).toMatchObject({ ttlMs: 3_600_000, keyStorage: "shared" });
    expect(tasks[0]?.cache).toMatchObject({ keyStorage: "shared" });
  });

  it.each<[string, unknown, string]>([
    ["key", { key: () => 1 }, "cache sets key, which is for tasks alone: remove it"],
    ["excludeInputs", { excludeInputs: ["n"] }, "cache sets excludeInputs"],
    ["share", { share: "all" }, "cache sets share"],
    ["errors", { errors: "1m" }, "cache sets errors"],
    ["serialize", { serialize: true }, "cache sets isolation"],
    ["source", { source: "version", version: "1" }, "cache sets source"],
    ["anything else", { colour: "red" }, "unknown option cache.colour"],
    ["no object", 7, "cache is 7"],
  ])("refuses %s", (_, cache, message) => {
    expect(faultOf(() => new Dag("d").transaction("load", { cache } as TransactionOptions))).toContain(
      message,
    );
  });

  it("says where an option of true comes from", () => {
    const dag = new Dag("d", { defaultArgs: { cache: { errors: "1m" } } });
    expect(faultOf(() => dag.transaction("load", { cache: true }))).toContain(
      "remove it from defaultArgs.cache, or use cache: {}",
    );
  });

  it("is not eager, in one with a record, or around an eager one", () => {
    const eager = new Dag("d");
    eager.transaction("load", { cache: true, commit: "eager" }).task("fetch", one)();
    expect(faultOf(() => serialize(eager))).toContain(
      'task group "load": cache is set, and the transaction is eager, which stores each result by itself',
    );
    const around = new Dag("d");
    around.transaction("load", { cache: true }).transaction("in", { commit: "eager" }).task("fetch", one)();
    expect(faultOf(() => serialize(around))).toContain('transaction "load.in" in it is eager');
    const nested = new Dag("d");
    nested.transaction("load", { cache: true }).transaction("in", { cache: true }).task("fetch", one)();
    expect(faultOf(() => serialize(nested))).toContain(
      'task group "load.in": cache is set, and transaction "load" around it has one record for all of its tasks',
    );
    const lazy = new Dag("d");
    lazy.transaction("load", { cache: true }).transaction("in").task("fetch", one)();
    lazy.transaction("other", { commit: "eager" }).task("fetch", one)();
    expect(serialize(lazy).transactions).toHaveLength(3);
  });

  it.each<[string, (load: ReturnType<Dag["transaction"]>) => unknown, string]>([
    [
      "a person",
      (load) => load.task("it", approval({ subject: "Ship?" }))({}),
      "it waits for an answer from a person",
    ],
    ["a sensor", (load) => load.sensor("it", () => true)(), "it is a sensor"],
    [
      "a trigger",
      (load) => load.task("it", triggerDagRun({ dagId: "x" }))(),
      "it triggers a run of another Dag",
    ],
    ["a wait", (load) => load.waitForDagRun("it", { dagId: "x" }), "it waits for a run of another Dag"],
    [
      "entries",
      (load) => load.task("it", one, { cache: { reads: ["grid"] } })(),
      "it uses entries of job caches",
    ],
    [
      "a key function",
      (load) => load.task("it", one, { cache: { key: () => 1 } })(),
      "it has a key function",
    ],
    ["a mode", (load) => load.task("it", one, { cache: { mode: "read" } })(), 'its cache.mode is "read"'],
    ["a lock", (load) => load.task("it", one, { cache: { serialize: true } })(), "its cache is serializable"],
    [
      "a rule that does not wait",
      (load) => {
        const n = load.task("first", one)();
        load.task("it", same, { triggerRule: "one_success" })({ n });
      },
      'its triggerRule is "one_success"',
    ],
  ])("has no task with %s", (_, declare, message) => {
    const dag = new Dag("d");
    declare(dag.transaction("load", { cache: true }));
    const fault = faultOf(() => serialize(dag));
    expect(fault).toContain(`Dag "d", task "load.it": ${message}`);
    expect(fault).toContain('and transaction "load" has one record for all of its tasks: ');
    const other = new Dag("d");
    declare(other.transaction("load"));
    expect(() => serialize(other)).not.toThrow();
  });

  it("has no way out and back in", () => {
    const declare = (cache: boolean): Dag => {
      const dag = new Dag("d");
      const load = dag.transaction("load", { cache });
      const n = load.task("fetch", one)();
      const outside = dag.task("outside", same)({ n });
      load.task("check", same)({ n: dag.task("further", same)({ n: outside }) });
      return dag;
    };
    expect(faultOf(() => serialize(declare(true)))).toContain(
      'its task "load.check" waits for "further", which is not in it and waits for another of its tasks',
    );
    expect(serialize(declare(false)).transactions).toHaveLength(1);
    const branching = new Dag("d");
    const load = branching.transaction("load", { cache: true });
    const n = load.task("fetch", one)();
    const then = load.task("then", one)();
    branching.if(branching.task("decide", ({ n: given }: { n: number }) => given > 1)({ n })).then(then);
    expect(faultOf(() => serialize(branching))).toContain('waits for "decide"');
  });
});
