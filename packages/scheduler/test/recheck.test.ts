import { sha256, type SerializedCacheConfig } from "@memodag/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isRechecked } from "../src/cache/recheck.ts";

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
