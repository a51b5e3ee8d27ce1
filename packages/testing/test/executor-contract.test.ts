// The executor of tests keeps the contract of executors, so that a Dag under test meets what it meets elsewhere.

import { randomUUID } from "node:crypto";
import { canonicalBytes, sha256, type Attempt } from "@memodag/core";
import { describeExecutor, type AttemptPlan, type OpenExecutor } from "@memodag/executor/testing";
import { Dag } from "@memodag/sdk";
import { describe, test } from "vitest";
import { InProcessExecutor } from "../src/in-process-executor.ts";
import { ManualClock } from "@memodag/core/testing";

async function open(limit: number): Promise<OpenExecutor> {
  let slots = limit;
  const values = new Map<string, Uint8Array>();
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (attemptId: string): PromiseWithResolvers<void> => {
    const gate = gates.get(attemptId) ?? Promise.withResolvers<void>();
    gates.set(attemptId, gate);
    return gate;
  };
  const dag = new Dag("d");
  dag.task("it", async ({ value, waitsAs }: { value: unknown; waitsAs: string | null }) => {
    if (waitsAs !== null) await gateOf(waitsAs).promise;
    return value;
  })({ value: null, waitsAs: null });
  const executor = new InProcessExecutor(dag, {
    clock: new ManualClock(0),
    queries: { findXCom: async () => undefined, findVariable: async () => undefined },
    values: { read: async () => values },
    slots: () => slots,
  });
  return {
    executor,
    attempt: ({ value, waits }: AttemptPlan): Attempt => {
      const bytes = canonicalBytes(value);
      const ref = { digest: sha256(bytes), sizeBytes: bytes.length, store: null };
      values.set(ref.digest, bytes);
      const attemptId = randomUUID();
      return {
        attemptId,
        queue: "default",
        team: "default",
        dagId: "d",
        runId: "r",
        taskId: "it",
        mapIndex: -1,
        tryNumber: 1,
        file: { bundle: "b", path: "d.ts" },
        artifactDigest: sha256(""),
        args: [
          ["value", { kind: "result", taskId: "up", path: [] }],
          ["waitsAs", { kind: "literal", json: JSON.stringify(waits ? attemptId : null) }],
        ],
        results: [["up", { kind: "single", ref }]],
        context: {
          dag: { dagId: "d" },
          dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
          task: { taskId: "it" },
          taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
          params: {},
          logicalDate: null,
          dataInterval: null,
        },
        declaredContext: null,
        declaredEnv: null,
        executionTimeoutMs: null,
      };
    },
    release: (attemptId) => gateOf(attemptId).resolve(),
    setLimit: (to) => {
      slots = to;
      executor.limitsChanged();
    },
    close: async () => await executor.close(0),
  };
}

describeExecutor("InProcessExecutor", { open }, { describe, test });
