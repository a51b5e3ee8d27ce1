import { sha256, type SerializedCacheConfig } from "@memodag/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isRechecked, recheckShareOf } from "../src/cache/recheck.ts";

const PLAIN: SerializedCacheConfig = {
  ttlMs: "default",
  excludeInputs: [],
  includeInputs: ["params"],
  env: ["HOME"],
  version: "1",
  serialize: true,
  errorsTtlMs: 1,
};
const WEAK = { ...PLAIN, excludeInputs: ["a"] };
const key = sha256("key");

test("a hit is chosen by its key and run alone: all of a larger share are those of a smaller one and more", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.string(), fc.string(), share, share, (text, runId, a, b) => {
      const chosen = (of: number) =>
        isRechecked(WEAK, { key: sha256(text), runId, taskId: "t", dag: {}, share: of });
      expect(chosen(a)).toBe(chosen(a));
      expect(a > b || !chosen(a) || chosen(b)).toBe(true);
      expect([chosen(0), chosen(1)]).toEqual([false, true]);
    }),
  );
});

test.each<[string, SerializedCacheConfig, boolean]>([
  ["nothing that is left out", PLAIN, false],
  [
    "files and what is vouched for in other ways",
    { ...PLAIN, files: ["a"], trust: ["imports"], mode: "keep" },
    false,
  ],
  ["excludeInputs", WEAK, true],
  ["inputs", { ...PLAIN, projections: [["a", ["b"]]] }, true],
  ["source", { ...PLAIN, ignoreSource: true }, true],
  ["share", { ...PLAIN, share: "s" }, true],
  ["key", { ...PLAIN, key: { sourceHash: "" } }, true],
  ["a mode that stores nothing", { ...WEAK, mode: "read" }, false],
])("of a task with %s", (_name, config, isChosen) => {
  expect(isRechecked(config, { key, runId: "r", taskId: "t", dag: {}, share: 1 })).toBe(isChosen);
});

test("of a member of a transaction is left alone", () => {
  const dag = { transactions: [{ transactionId: "x", taskIds: ["t"], commit: "lazy" as const }] };
  const hit = { key, runId: "r", dag, share: 1 };
  expect(isRechecked(WEAK, { ...hit, taskId: "t" })).toBe(false);
  expect(isRechecked(WEAK, { ...hit, taskId: "other" })).toBe(true);
});

test("of a number that a run asks for, exactly so many instances of the task are chosen, and of no other", () => {
  const number = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(fc.string(), number, number, (runId, count, most) => {
      const run = { runId, cacheLimits: { recheckTask: { taskId: "t", most } } };
      const shares = (taskId: string) =>
        Array.from({ length: count }, (_, mapIndex) => recheckShareOf(run, { taskId, mapIndex }, count, 1));
      expect(shares("t").toSorted()).toEqual([
        ...Array.from({ length: count - Math.min(most, count) }, () => 0),
        ...Array.from({ length: Math.min(most, count) }, () => 1),
      ]);
      expect(new Set(shares("other"))).toEqual(new Set([0]));
    }),
  );
  expect(
    recheckShareOf({ runId: "r", cacheLimits: { recheck: 0.5 } }, { taskId: "t", mapIndex: 0 }, 9, 1),
  ).toBe(0.5);
  expect(recheckShareOf({ runId: "r" }, { taskId: "t", mapIndex: 0 }, 9, 0.25)).toBe(0.25);
});
