// Counters of runs, as a rule on their increase needs them.

import type { DagRun } from "@memodag/core";
import { expect, it } from "vitest";
import { Metrics } from "../src/metrics/metrics.ts";
import { runMetrics } from "../src/record/run-metrics.ts";

const RUN = {
  team: "ml",
  dagId: "etl",
  runType: "manual",
  state: "running",
  startedAt: 1_000,
  endedAt: null,
} as DagRun;

it("a run that has begun has its ends at 0, so that the first failure is an increase", async () => {
  const metrics = new Metrics();
  const listener = runMetrics(metrics);
  const ends = async (): Promise<Record<string, unknown>> => {
    const family = (await metrics.collect()).find(({ name }) => name === "memodag.run.ended");
    return Object.fromEntries(
      (family?.points ?? []).map(({ labels, value }) => [Object.fromEntries(labels)["state"], value]),
    );
  };
  listener.runChanged(RUN);
  expect(await ends()).toEqual({ success: 0, failed: 0 });
  listener.runChanged({ ...RUN, state: "failed", endedAt: 2_000 });
  expect(await ends()).toEqual({ success: 0, failed: 1 });
});
