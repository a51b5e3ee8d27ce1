import { describe, expect, it } from "vitest";
import {
  compareRows,
  differenceWords,
  differingParams,
  isWasted,
  type Comparison,
} from "../src/compare/compare-rows.ts";
import { causesOf, changesWords, whyWords, type CauseGroup, type Change } from "../src/why/change-words.ts";

const depth: Change = { kind: "input", path: "depth", before: "4", after: "5" };

describe("why an instance ran", () => {
  it("is said by what changed, with short values", () => {
    expect(whyWords({ reason: "input_changed", changes: [depth], detail: null })).toBe("input depth: 4 → 5");
    expect(changesWords([{ ...depth, before: "x".repeat(100) }])).toBe("input depth changed");
    expect(changesWords([{ kind: "source", path: "train", before: "1f", after: "2e" }])).toBe(
      "function train changed",
    );
    expect(changesWords([{ kind: "version", path: "version", before: "1", after: "2" }])).toBe(
      "version: 1 → 2",
    );
    expect(changesWords([depth, { ...depth, kind: "env", path: "TZ" }])).toBe(
      "2 changes: input depth, variable TZ",
    );
  });

  it("is said by the reason where nothing changed", () => {
    expect(whyWords({ reason: "first_run", changes: [], detail: null })).toBe("first run");
    expect(whyWords({ reason: null, changes: [], detail: "it is running" })).toBe("it is running");
    expect(whyWords({ reason: null, changes: [], detail: null })).toBe("no explanation is kept");
  });

  it("leaves out of a run's causes what was remembered or does not ask", () => {
    const group = (reason: CauseGroup["reason"], status: CauseGroup["status"]): CauseGroup => ({
      taskId: "a",
      reason,
      status,
      changes: [],
      detail: null,
      count: 1,
      tasks: [],
    });
    const groups = [group("hit", "hit"), group("input_changed", "populated"), group("disabled", "disabled")];
    expect(causesOf([...groups, group(null, null)])).toEqual([groups[1]]);
  });
});

const side = { state: "success", cacheStatus: "populated", durationMs: 5, savedMs: null } as const;
const same = {
  mapIndex: -1,
  before: side,
  after: side,
  key: "same",
  result: "same",
  changes: [],
  because: null,
} as const;
const comparison: Comparison = {
  dagId: "d",
  before: "r1",
  after: "r2",
  tasks: [
    { taskId: "load", isMapped: false, before: { P: 1 }, after: { P: 1 }, differing: 0, instances: [same] },
    {
      taskId: "fit",
      isMapped: true,
      before: { P: 9 },
      after: { H: 8, P: 1 },
      differing: 1,
      instances: [{ ...same, mapIndex: 3, key: "other", result: "other", changes: [depth] }],
    },
    {
      taskId: "report",
      isMapped: false,
      before: { P: 1 },
      after: { P: 1 },
      differing: 1,
      instances: [{ ...same, key: "other", because: "fit" }],
    },
  ],
};

describe("two runs beside each other", () => {
  it("have a row for each task and each differing instance, of which the first is the cause", () => {
    const rows = compareRows(comparison, false).map(({ taskId, instance, words, isFirst }) => [
      taskId,
      instance?.mapIndex ?? null,
      words,
      isFirst,
    ]);
    expect(rows).toEqual([
      ["load", -1, "same key, same result", false],
      ["fit", null, "1 differ", true],
      ["fit", 3, "input depth: 4 → 5, other result", false],
      ["report", -1, "because of fit, same result", false],
    ]);
    expect(compareRows(comparison, true).map(({ taskId }) => taskId)).toEqual(["fit", "fit", "report"]);
  });

  it("say in words what differs", () => {
    expect(differenceWords({ ...same, before: null })).toBe("only in the later run");
    expect(differenceWords({ ...same, after: null })).toBe("only in the earlier run");
    expect(differenceWords({ ...same, key: "other", result: "unknown" })).toBe("other key");
    expect(differenceWords({ ...same, result: "other" })).toBe("same key, other result");
    expect(
      differenceWords({ ...same, key: "unknown", result: "unknown", after: { ...side, state: "failed" } }),
    ).toBe("success → failed");
    expect(isWasted({ ...same, key: "other" })).toBe(true);
    expect(isWasted(same)).toBe(false);
  });

  it("have params that differ, also those named like properties of objects", () => {
    expect(differingParams({ seed: 7, same: [1] }, { seed: 8, same: [1], constructor: 1 })).toEqual([
      { name: "constructor", before: null, after: "1" },
      { name: "seed", before: "7", after: "8" },
    ]);
  });
});
