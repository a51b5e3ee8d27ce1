import { expect, it } from "vitest";
import { explanationLines } from "../src/output/explanation-lines.ts";
import { explainInstance, explanationText } from "@memodag/operations/explain";
import type { KeptDecision } from "@memodag/result-cache";
import type { TaskInstance } from "@memodag/core";
import { instanceOf } from "@memodag/operations/testing";

const KEY = "a".repeat(64);

const decision: KeptDecision = {
  team: "default",
  dagId: "dag",
  runId: "run",
  dagRunId: 1,
  taskId: "task",
  mapIndex: -1,
  key: KEY,
  reason: "input_changed",
  detail: null,
  comparedWith: "b".repeat(64),
  comparedRunId: "earlier",
  changes: [
    { kind: "input", path: "depth", before: "2", after: null },
    { kind: "env", path: "REGION", before: '"eu"', after: '"us"' },
  ],
  components: {
    v: 1,
    team: "default",
    dag: "dag",
    task: "task",
    source: "",
    inputs: {},
    context: {},
    env: {},
    version: null,
  },
  decidedAt: 0,
};

const text = (instance: Partial<TaskInstance>, decided?: KeptDecision, ageMs = 0): string => {
  const explanation = explainInstance(instanceOf({ cacheKey: KEY, ...instance }), decided);
  const sentences = explanationText({
    name: "task",
    runId: "run",
    explanation,
    savedMs: instance.savedMs ?? null,
    entryAgeMs: null,
    ageMs,
    keptMs: 30 * 86_400_000,
  });
  return explanationLines({ ...sentences, changes: explanation.changes }).join("\n");
};

it.each<[string, Partial<TaskInstance>, KeptDecision | undefined, RegExp]>([
  [
    "several changes",
    { cacheStatus: "populated" },
    decision,
    /^task missed: 2 things changed since run earlier\.\n\nCHANGED.*\ninput +depth +2 +–\nenv +REGION +"eu" +"us"\n\nIf the .* excludeInputs: \["depth"\]/,
  ],
  [
    "a result that was not stored",
    { cacheStatus: "put_failure", cacheReason: { code: "store_failed", detail: { what: "disk full" } } },
    decision,
    /since run earlier: disk full\./,
  ],
  [
    "results that differ",
    { cacheStatus: "miss", cacheReason: { code: "nondeterministic", detail: { storedDigest: "12" } } },
    decision,
    /since run earlier: nondeterministic/,
  ],
  [
    "an expired entry",
    { cacheStatus: "populated", cacheReason: { code: "expired" } },
    { ...decision, reason: "expired", changes: [] },
    /older than its ttl\.\n\nTo keep results longer/,
  ],
  [
    "an expired entry, with no decision",
    { cacheStatus: "populated", cacheReason: { code: "expired" } },
    undefined,
    /older than its ttl\./,
  ],
  [
    "a miss whose decision is gone",
    { cacheStatus: "populated", cacheReason: { code: "no_entry" } },
    undefined,
    /^task missed, and its explanation is not kept: explanations are dropped when more misses arrive at once than can be explained/,
  ],
  [
    "a decision of before it was cleared",
    { cacheStatus: "populated" },
    { ...decision, key: "c".repeat(64) },
    /its explanation is not kept/,
  ],
  [
    "a remembered failure",
    {
      cacheStatus: "hit",
      cacheReason: { code: "stored_failure" },
      producer: { runId: "bad", mapIndex: -1, tryNumber: 2 },
      savedMs: 1_500,
    },
    undefined,
    /^task was a hit: it repeats the failure of run bad, attempt 2, which took 1\.5s\.$/,
  ],
  [
    "a late cache",
    { cacheStatus: "lookup_timeout" },
    { ...decision, reason: "lookup_timeout", changes: [] },
    /^task ran: the cache did not answer in time\.\n\n`memodag cache stats`/,
  ],
  [
    "a broken cache",
    { cacheStatus: "lookup_failure", cacheReason: { code: "lookup_failed", detail: { what: "refused" } } },
    undefined,
    /^task ran: the cache failed: refused\./,
  ],
  [
    "a task that never began",
    { state: "upstream_failed", cacheKey: null },
    undefined,
    /^The cache has not been asked about task: it is upstream_failed\.$/,
  ],
  [
    "variables it read",
    {
      cacheStatus: "uncacheable",
      cacheReason: { code: "undeclared_input", detail: { names: ["logicalDate", "env.REGION"] } },
    },
    decision,
    /cache: \{ includeInputs: \["logicalDate"\], env: \["REGION"\] \}\.$/,
  ],
  [
    "a variable that a package read",
    {
      cacheStatus: "uncacheable",
      cacheReason: { code: "undeclared_input", detail: { names: ["env.MODE (package dep)"] } },
    },
    decision,
    /cache: \{ env: \["MODE"\] \}\. If MODE changes nothing that dep returns, add it to \[task_cache\] ordinary_env\.$/,
  ],
  [
    "files it read",
    {
      cacheStatus: "uncacheable",
      cacheReason: {
        code: "undeclared_input",
        detail: { names: ["file:data/", "file:rate.txt (package dep)", "3 more files"] },
      },
    },
    decision,
    /cache: \{ files: \["data", "rate\.txt"\] \}\.$/,
  ],
  [
    "a program and a thread it started",
    {
      cacheStatus: "uncacheable",
      cacheReason: {
        code: "undeclared_input",
        detail: { names: ["child_process", "worker_threads", "addon:lib/a.node"] },
      },
    },
    decision,
    /vouch for it: cache: \{ trust: \["child_process", "worker_threads", "addons"\] \}\.$/,
  ],
  [
    "all variables it read",
    { cacheStatus: "uncacheable", cacheReason: { code: "undeclared_input", detail: { names: ["env"] } } },
    decision,
    /^task was not cached: undeclared_input\(env\)\.$/,
  ],
])("%s", (_name, instance, decided, expected) => {
  expect(text(instance, decided)).toMatch(expected);
});

it("says of a miss of long ago that its explanation is not kept for so long", () => {
  const miss = { cacheStatus: "populated", cacheReason: { code: "no_entry" } } as const;
  const monthMs = 30 * 86_400_000;
  expect(text(miss, undefined, monthMs)).toMatch(
    /its explanation is not kept any more: it is older than \[retention\] explanations\.$/,
  );
  expect(text(miss, undefined, monthMs - 1)).not.toContain("[retention]");
});
