// The option `reuse`: for tasks with a handler.

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
    ["a ttl", { ttl: "1h" }],
    ["a version in place of the source", { source: "version", version: "1" }],
  ])("may be beside cache, as the code of the task decides: %s", (_name, cache) => {
    const dag = new Dag("d");
    dag.task("many", one, { reuse: true, cache })();
    expect(tasksOf(dag)[0]).toMatchObject({ reuse: true, cache: {} });
  });

  it("may be in a transaction with a record", () => {
    const dag = new Dag("d");
    dag.transaction("load", { cache: true }).taskGroup("deep").task("many", one, { reuse: true })();
    expect(tasksOf(dag)).toContainEqual(expect.objectContaining({ reuse: true, cache: expect.any(Object) }));
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
