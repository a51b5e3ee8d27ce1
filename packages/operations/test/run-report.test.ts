import { serializedTask } from "@memodag/core/testing";
import { describe, expect, it } from "vitest";
import { reportRun } from "../src/runs/run-report.ts";
import { instanceOf, runOf } from "../src/testing/index.ts";

describe("reportRun", () => {
  it("has the design's shape, in the Dag's order, with what has not begun", () => {
    const report = reportRun(
      runOf({ state: "running", endedAt: null, processesSpawned: 1 }),
      [
        instanceOf({ taskId: "b", mapIndex: 1, state: "running" }),
        instanceOf({
          taskId: "b",
          mapIndex: 0,
          cacheStatus: "hit",
          cacheKey: "k",
          savedMs: 40,
          durationMs: 0,
        }),
        instanceOf({ taskId: "gone", state: "removed" }),
        instanceOf({ taskId: "a", cacheStatus: "populated", durationMs: 30 }),
      ],
      [serializedTask("a"), serializedTask("b"), serializedTask("c")],
      [],
    );
    expect(report).toEqual({
      dagId: "dag",
      runId: "run",
      state: "running",
      revision: 1,
      durationMs: null,
      processesSpawned: 1,
      bytesMoved: 0,
      selection: null,
      cacheLimits: null,
      lookups: 1,
      cache: {
        hit: 1,
        populated: 1,
        miss: 0,
        skipped: 0,
        uncacheable: 0,
        lookup_timeout: 0,
        lookup_failure: 0,
        put_failure: 0,
        staged: 0,
        rolled_back: 0,
        disabled: 0,
        savedMs: 40,
      },
      tasks: [
        task("a", -1, { cacheStatus: "populated", durationMs: 30 }),
        task("b", 0, { cacheStatus: "hit", cacheKey: "k", savedMs: 40, durationMs: 0 }),
        task("b", 1, { state: "running" }),
        task("c", -1, { state: "none", tryNumber: 0, revision: 0 }),
        task("gone", -1, { state: "removed" }),
      ],
      transactions: [],
    });
    expect(reportRun(runOf({}), [], [], []).durationMs).toBe(3_000);
  });
});

function task(taskId: string, mapIndex: number, given: object): object {
  return {
    taskId,
    mapIndex,
    state: "success",
    tryNumber: 1,
    cacheStatus: null,
    cacheReason: null,
    cacheReasonCode: null,
    cacheReasonDetail: null,
    cacheKey: null,
    worker: null,
    durationMs: null,
    savedMs: null,
    error: null,
    revision: 1,
    ...given,
  };
}
