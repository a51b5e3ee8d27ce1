import type { TaskInstanceState, CacheStatus } from "@memodag/core";
import { cellOf } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { layOutAsIf } from "../src/gantt/as-if.ts";
import { planRows } from "../src/gantt/row-plan.ts";
import { ticksOf, timeScale } from "../src/gantt/time-scale.ts";
import {
  groupByTask,
  mergePages,
  NO_INSTANCES,
  rowKey,
  type InstanceColumns,
  type RunInstance,
} from "../src/instances/instance-table.ts";

const NOTHING = {
  state: "success",
  cacheStatus: null,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  savedMs: null,
} as const;

function ran(taskId: string, mapIndex: number, durationMs: number, startedAt = 0): RunInstance {
  return { ...NOTHING, taskId, mapIndex, durationMs, startedAt, endedAt: startedAt + durationMs };
}

function hit(taskId: string, mapIndex: number, savedMs: number): RunInstance {
  return { ...NOTHING, taskId, mapIndex, cacheStatus: "hit", savedMs, endedAt: 5 };
}

describe("a scale of time", () => {
  it("puts ticks at round durations, apart from each other", () => {
    const scale = timeScale(1_000, 3_600, 400);
    expect(ticksOf(scale)).toEqual([
      { after: 0, x: 0 },
      { after: 1_000, x: scale.x(2_000) },
      { after: 2_000, x: scale.x(3_000) },
    ]);
    for (let length = 1; length < 1e11; length *= 3.7)
      for (let width = 1; width <= 3_000; width += 211) {
        const ticks = ticksOf(timeScale(12_345, 12_345 + length, width));
        expect(ticks.length).toBeLessThanOrEqual(Math.max(2, width / 80 + 1));
        expect(ticks.every(({ x }) => x >= 0 && x <= width + 0.001)).toBe(true);
      }
  });

  it("finds the time of a pixel", () => {
    const scale = timeScale(500, 1_500, 200);
    expect(scale.at(scale.x(750))).toBeCloseTo(750);
  });
});

describe("a run as if nothing were remembered", () => {
  const of = (...instances: RunInstance[]) => Map.groupBy(instances, ({ taskId }) => taskId);

  it("takes the longest path, with what hits saved in their place", () => {
    const tasks = [
      { taskId: "a", upstream: [] },
      { taskId: "b", upstream: ["a"] },
      { taskId: "c", upstream: ["a"] },
      { taskId: "d", upstream: ["b", "c"] },
    ];
    const run = layOutAsIf(
      tasks,
      of(hit("a", -1, 100), ran("b", -1, 30), hit("c", -1, 500), ran("d", -1, 7)),
    );
    expect(run.lengthMs).toBe(607);
    expect(run.bars.get(rowKey("d", -1))).toEqual({ from: 600, to: 607 });
    expect(run.bars.get(rowKey("b", -1))).toEqual({ from: 100, to: 130 });
  });

  it("has mapped tasks of one length wait by index alone, as it is what is needed at least", () => {
    const tasks = [
      { taskId: "a", upstream: [] },
      { taskId: "b", upstream: ["a"] },
    ];
    const run = layOutAsIf(tasks, of(ran("a", 0, 10), ran("a", 1, 100), ran("b", 0, 50), ran("b", 1, 5)));
    expect(run.lengthMs).toBe(105);
  });

  it("has no length without instances, and ends for what goes in circles", () => {
    expect(layOutAsIf([{ taskId: "a", upstream: [] }], new Map()).lengthMs).toBe(0);
    const circle = [
      { taskId: "a", upstream: ["b"] },
      { taskId: "b", upstream: ["a"] },
    ];
    expect(layOutAsIf(circle, of(ran("a", -1, 1), ran("b", -1, 1))).lengthMs).toBe(2);
  });
});

describe("rows", () => {
  const tasks = new Map([
    ["load", [hit("load", -1, 5)]],
    [
      "fit",
      [ran("fit", 0, 10, 20), { ...ran("fit", 1, 50, 10), state: "failed" as const }, hit("fit", 2, 90)],
    ],
    ["report", []],
  ]);
  const mapped = new Set(["fit"]);
  const namesOf = (choice: Partial<Parameters<typeof planRows>[2]>): string[] =>
    planRows(tasks, mapped, { open: new Set(), ...choice }).map((row) =>
      row.kind === "task" ? `${row.taskId} ${row.instances.length}` : `[${row.instance.mapIndex}]`,
    );

  it("are folded until they are opened", () => {
    expect(namesOf({})).toEqual(["load 1", "fit 3", "report 0"]);
    expect(namesOf({ open: new Set(["fit", "load"]) })).toEqual([
      "load 1",
      "fit 3",
      "[0]",
      "[1]",
      "[2]",
      "report 0",
    ]);
  });

  it("are chosen by what became of them, and by names", () => {
    expect(namesOf({ only: "failed" })).toEqual(["fit 1"]);
    expect(namesOf({ only: "remembered" })).toEqual(["load 1", "fit 1"]);
    expect(namesOf({ only: "ran", open: new Set(["fit"]) })).toEqual(["fit 2", "[0]", "[1]"]);
    expect(namesOf({ text: "FIT[2" })).toEqual(["fit 1"]);
    expect(namesOf({ text: "rep" })).toEqual(["report 0"]);
    expect(namesOf({ only: "waits" })).toEqual([]);
  });

  it("are sorted by what they took or saved, and by their starts", () => {
    const open = new Set(["fit"]);
    expect(namesOf({ order: "worked", open })).toEqual(["fit 3", "[1]", "[0]", "[2]", "load 1", "report 0"]);
    expect(namesOf({ order: "saved", open })).toEqual(["fit 3", "[2]", "[0]", "[1]", "load 1", "report 0"]);
    expect(namesOf({ order: "start" })).toEqual(["load 1", "fit 3", "report 0"]);
  });
});

describe("the instances of a run", () => {
  const page = (
    rows: readonly [string, number, TaskInstanceState, CacheStatus | null][],
    rest: Partial<InstanceColumns>,
  ): InstanceColumns => {
    const tasks = [...new Set(rows.map(([taskId]) => taskId))];
    return {
      revision: 1,
      isDelta: false,
      from: "2026-11-03T06:00:00.000Z",
      tasks,
      task: rows.map(([taskId]) => tasks.indexOf(taskId)),
      mapIndex: rows.map(([, mapIndex]) => mapIndex),
      cells: rows.map(([, , state, cacheStatus]) => cellOf({ state, cacheStatus })).join(""),
      startedMs: rows.map(() => 10),
      endedMs: rows.map(() => null),
      durationMs: rows.map(() => null),
      savedMs: rows.map(() => null),
      next: null,
      ...rest,
    };
  };

  it("are read by column, and then by what has changed", () => {
    const first = mergePages(NO_INSTANCES, [
      page(
        [
          ["b", 1, "running", null],
          ["b", 0, "up_for_retry", "miss"],
        ],
        { revision: 4 },
      ),
      page([["a", -1, "success", "hit"]], { revision: 6 }),
    ]);
    expect(first.revision).toBe(4);
    expect(first.rows.get(rowKey("a", -1))).toMatchObject({
      state: "success",
      cacheStatus: "hit",
      startedAt: Date.parse("2026-11-03T06:00:00.010Z"),
    });
    const next = mergePages(first, [
      page([["b", 1, "success", "populated"]], { revision: 7, isDelta: true }),
    ]);
    expect([next.revision, next.rows.size]).toEqual([7, 3]);
    expect(
      [...groupByTask(next, ["a", "b", "c"])].map(([id, rows]) => [id, rows.map(({ state }) => state)]),
    ).toEqual([
      ["a", ["success"]],
      ["b", ["up_for_retry", "success"]],
      ["c", []],
    ]);
  });

  it("are replaced where instances were removed", () => {
    const first = mergePages(NO_INSTANCES, [page([["a", 0, "success", null]], {})]);
    expect(mergePages(first, [page([["b", -1, "none", null]], { revision: 9 })]).rows.size).toBe(1);
  });
});
