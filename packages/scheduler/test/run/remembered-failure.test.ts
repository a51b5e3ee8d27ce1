import { sha256 } from "@memodag/core";
import type { CacheRecord } from "@memodag/result-cache";
import { expect, test } from "vitest";
import { isOwnFailure, rememberedError } from "../../src/cache/remembered-failure.ts";

function recordOfAge(ageMs: number): CacheRecord {
  const source = sha256("source");
  const names = { team: "ml", dag: "penguins", task: "load" };
  return {
    team: "ml",
    key: sha256("key"),
    dagId: "penguins",
    taskId: "load",
    sourceHash: source,
    components: { v: 1, ...names, source, inputs: {}, context: {}, env: {}, version: null },
    xcoms: [],
    error: { code: "task_failed", message: "no such region" },
    producer: { runId: "run-1", mapIndex: 3, tryNumber: 2 },
    durationMs: 12,
    createdAt: 0,
    expiresAt: null,
    lastHitAt: null,
    hitCount: 0,
    ageMs,
  };
}

test.each([
  ["task_failed", true],
  ["value_not_json", true],
  ["value_too_large", true],
  ["xcom_key_invalid", true],
  ["xcom_too_large", true],
  ["task_timeout", false],
  ["task_killed", false],
  ["task_exited", false],
  ["attempt_lost", false],
  ["worker_failed", false],
  ["artifact_damaged", false],
  ["xcom_not_found", false],
  ["dag_not_found", false],
  ["a code of tomorrow", false],
])("%s is the task's own: %s", (code, isOwn) => {
  expect(isOwnFailure({ code, message: "" })).toBe(isOwn);
});

test.each([
  [12, "12ms"],
  [61_234, "1m"],
  [3_600_000, "1h"],
])("an error of %d ms ago keeps its code, and says whose it is, how old, and the mend", (ageMs, age) => {
  const record = recordOfAge(ageMs);
  expect(rememberedError(record, { code: "value_not_json", message: "no such region" })).toEqual({
    code: "value_not_json",
    message:
      `no such region (remembered from run run-1, ${age} ago: ` +
      "to try again, run with --no-cached-errors or clear the task)",
  });
});
