// The option `reuse`: for tasks with a handler whose results are in no record.

import { Dag, type CacheConfig } from "@memodag/sdk";
import { listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault-of.ts";

const one = (): number => 1;

function tasksOf(dag: Dag) {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, taskId]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes }).tasks;
}

describe("reuse", () => {
  it("is data of a task that has it, and of no other", () => {
    const dag = new Dag("d", { defaultArgs: { cache: { ttl: "1h" } } });
    dag.task("many", one, { reuse: true })();
    dag.task("single", one, { reuse: false })();
    dag.task("plain", one)();
    const [many, plain, single] = tasksOf(dag);
    expect(many).toMatchObject({ taskId: "many", reuse: true, cache: null });
    expect(plain).not.toHaveProperty("reuse");
    expect(single).not.toHaveProperty("reuse");
  });

  it.each<[string, true | CacheConfig<never, object>]>([
    ["true", true],
    ["{}", {}],
    ["a ttl", { ttl: "1h" }],
    ["a version in place of the source", { source: "version", version: "1" }],
  ])("is refused beside cache: %s", (_name, cache) => {
    expect(faultOf(() => new Dag("d").task("many", one, { reuse: true, cache }))).toBe(
      'Dag "d", task "many": reuse is true for a cached task, whose result could depend on what earlier attempts left in ' +
        "the process: leave out reuse, or cache",
    );
  });

  it("is refused in a transaction with a record", () => {
    const dag = new Dag("d");
    dag.transaction("load", { cache: true }).taskGroup("deep").task("many", one, { reuse: true })();
    expect(faultOf(() => tasksOf(dag))).toContain(
      'reuse is true, and its result is part of the record of transaction "load"',
    );
  });

  it("is refused for tasks without a handler of their own, and in a Dag's defaults", () => {
    const reuse = { reuse: true } as object;
    const dag = new Dag("d");
    expect(faultOf(() => dag.command("it", { command: ["true"], ...reuse }))).toContain(
      "unknown option reuse",
    );
    expect(faultOf(() => dag.sensor("it", () => true, reuse))).toContain("unknown option reuse");
    expect(faultOf(() => new Dag("e", { defaultArgs: reuse }))).toContain("unknown option defaultArgs.reuse");
  });
});
