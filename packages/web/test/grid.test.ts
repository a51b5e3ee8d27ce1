// The pure parts of the grid: rows, joined answers, places, and the calendar.

import { describe, expect, it } from "vitest";
import { calendarSquares } from "../src/dag/calendar/calendar-days.ts";
import { markOfRow, segmentsOf, wordsOfCell } from "../src/dag/grid/cells.ts";
import { HEAD, moveBy, placeAt, visibleSpan } from "../src/dag/grid/geometry.ts";
import { joinChanges, joinOlder, type GridAnswer, type GridRun } from "../src/dag/grid/grid-data.ts";
import { planRows } from "../src/dag/grid/row-plan.ts";
import { paramFields, readField } from "../src/dag/trigger/param-fields.ts";

const run = (runId: string, cells: string, more: Partial<GridRun> = {}): GridRun => ({
  runId,
  state: "success",
  runType: "manual",
  revision: 1,
  version: "v",
  logicalDate: null,
  createdAt: "2026-11-03T06:00:00.000Z",
  startedAt: null,
  endedAt: null,
  hits: 0,
  ran: 0,
  failed: 0,
  savedMs: 0,
  workedMs: 0,
  cells,
  mapped: {},
  ...more,
});
const answer = (taskIds: string[], runs: GridRun[], next: string | null = null): GridAnswer => ({
  tasks: taskIds.map((taskId) => ({ taskId, isMapped: false })),
  runs,
  next,
});

describe("rows", () => {
  const tasks = ["load", "etl.a", "etl.deep.b", "etl.deep.c", "alone.d"].map((taskId) => ({ taskId }));
  const shown = (folded: string[], isShown?: (index: number) => boolean): string[] =>
    planRows(tasks, new Set(folded), isShown).map(
      ({ kind, id, depth }) => `${" ".repeat(depth)}${kind === "group" ? "+" : ""}${id}`,
    );

  it("are tasks in their order, below their groups; a group of one is none", () => {
    expect(shown([])).toEqual([
      "load",
      "+etl",
      " etl.a",
      " +etl.deep",
      "  etl.deep.b",
      "  etl.deep.c",
      "alone.d",
    ]);
  });

  it("fold, and have the tasks of groups inside as members", () => {
    expect(shown(["etl"])).toEqual(["load", "+etl", "alone.d"]);
    expect(planRows(tasks, new Set(["etl"]))[1]).toMatchObject({ isOpen: false, members: [1, 2, 3] });
    expect(shown([], (index) => index === 2)).toEqual(["etl.deep.b"]);
  });
});

describe("answers", () => {
  it("of changed runs replace their columns, and add newer ones", () => {
    const known = answer(["a", "b"], [run("R2", "rq"), run("R1", "sH")], "more");
    const joined = joinChanges(
      known,
      answer(["a", "b"], [run("R3", "qq"), run("R2", "sr", { revision: 2 })]),
    );
    expect(joined.runs.map(({ runId, cells }) => `${runId} ${cells}`)).toEqual(["R3 qq", "R2 sr", "R1 sH"]);
    expect(joined.next).toBe("more");
  });

  it("that are older than what is known change nothing", () => {
    const known = answer(["a"], [run("R1", "s", { revision: 5 })]);
    expect(joinChanges(known, answer(["a"], [run("R1", "r", { revision: 4 })])).runs[0]?.cells).toBe("s");
  });

  it("of a changed run on a page that has not been read leave the grid as it is, and pages have no run twice", () => {
    const at = (runId: string, day: number) =>
      run(runId, "s", { createdAt: `2026-11-0${day}T06:00:00.000Z` });
    const known = answer(["a"], [at("R3", 3), at("R2", 2)], "more");
    const ids = ({ runs }: GridAnswer) => runs.map(({ runId }) => runId);
    expect(ids(joinChanges(known, answer(["a"], [at("R1", 1), at("R4", 4)])))).toEqual(["R4", "R3", "R2"]);
    expect(ids(joinOlder(known, answer(["a"], [at("R2", 2), at("R1", 1)])))).toEqual(["R3", "R2", "R1"]);
  });

  it("with other tasks are aligned by their names", () => {
    const known = answer(["a", "b"], [run("R2", "sf")]);
    const joined = joinOlder(known, answer(["b", "gone"], [run("R1", "Hx")]));
    expect(joined.tasks.map(({ taskId }) => taskId)).toEqual(["a", "b", "gone"]);
    expect(joined.runs.map(({ cells }) => cells)).toEqual(["sf.", ".Hx"]);
  });
});

describe("cells", () => {
  const tasks = [
    { taskId: "a", isMapped: true },
    { taskId: "b", isMapped: false },
  ];
  const one = run("R", "fH", { mapped: { a: { H: 7, P: 1, f: 1 } } });

  it("of mapped tasks are bars, the most urgent first", () => {
    const [row] = planRows(tasks, new Set());
    expect(segmentsOf(one, row!, tasks)?.map(({ mark, count }) => `${mark.kind} ${count}`)).toEqual([
      "failed 1",
      "worked 1",
      "remembered 7",
    ]);
    expect(wordsOfCell(one, row!, tasks)).toBe("1 failed, 1 success, 7 success, from the cache");
  });

  it("of folded groups have the most urgent mark", () => {
    const grouped = planRows([{ taskId: "g.a" }, { taskId: "g.b" }], new Set(["g"]));
    expect(markOfRow(one, grouped[0]!).kind).toBe("failed");
    expect(wordsOfCell(one, grouped[0]!, tasks)).toBe("1 failed, 1 success, from the cache");
  });
});

it("finds what is seen, what is pointed at, and where keys lead", () => {
  expect(visibleSpan(22, 44, 22, 100)).toEqual({ first: 1, end: 3 });
  expect(visibleSpan(0, 44, 22, 1)).toEqual({ first: 0, end: 1 });
  const size = { rows: 3, columns: 2 };
  const view = { left: 18, top: 22 };
  expect(placeAt(view, { x: 1, y: 1 }, size)).toEqual({ row: 1, column: 1 });
  expect(placeAt(view, { x: 1, y: -1 }, size)).toEqual({ row: -1, column: 1 });
  expect(placeAt(view, { x: 1, y: -HEAD - 1 }, size)).toBeUndefined();
  expect(placeAt(view, { x: 20, y: 1 }, size)).toBeUndefined();
  const from = { row: 0, column: 1 };
  expect(moveBy("k", from, { ...size, page: 2 })).toEqual({ row: -1, column: 1 });
  expect(moveBy("l", from, { ...size, page: 2 })).toEqual({ row: 0, column: 1 });
  expect(moveBy("PageDown", from, { ...size, page: 2 })).toEqual({ row: 2, column: 1 });
  expect(moveBy("x", from, { ...size, page: 2 })).toBeUndefined();
});

it("has a calendar of 53 weeks whose last day is today", () => {
  const day = { day: "2026-11-03", queued: 0, running: 0, success: 3, failed: 1, hits: 0, ran: 4 };
  const squares = calendarSquares(
    [{ ...day, savedMs: 0, workedMs: 0 }],
    Date.parse("2026-11-05T12:00:00.000Z"),
  );
  expect(squares.at(-1)).toMatchObject({ date: "2026-11-05", week: 52, weekday: 3, level: 0 });
  expect(squares[0]).toMatchObject({ week: 0, weekday: 0 });
  expect(squares.find(({ date }) => date === "2026-11-03")).toMatchObject({ weekday: 1, level: 4 });
});

it("makes fields of params by their schemas, and sends what was changed", () => {
  const fields = paramFields(
    { seed: 7, species: "Adelie", deep: true, list: [1] },
    { species: { enum: ["Adelie", "Gentoo"] }, seed: { type: "integer", description: "of all" } },
  );
  expect(fields.map(({ name, kind, initial }) => [name, kind, initial])).toEqual([
    ["seed", "number", "7"],
    ["species", "choice", '"Adelie"'],
    ["deep", "boolean", "true"],
    ["list", "json", "[\n  1\n]"],
  ]);
  const [seed, species] = fields;
  expect(readField(seed!, "7")).toEqual({ kind: "default" });
  expect(readField(seed!, "8")).toEqual({ kind: "value", value: 8 });
  expect(readField(seed!, "")).toMatchObject({ kind: "fault" });
  expect(readField(species!, '"Gentoo"')).toEqual({ kind: "value", value: "Gentoo" });
});
