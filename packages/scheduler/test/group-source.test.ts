// Digests of transactions with one record as they are stored in databases: these values may never change.

import { sha256, type SerializedTask, type SerializedTransaction } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { groupShape } from "../src/graph/group-source.ts";
import { serializedTask } from "./serialized.ts";

const LOAD = serializedTask("etl.load", {
  args: [
    ["given", { kind: "result", taskId: "given", path: ["rows"] }],
    ["limit", { kind: "literal", json: "3" }],
  ],
  upstream: ["given"],
});
const FIT = serializedTask("etl.fit", {
  args: [
    [
      "both",
      {
        kind: "list",
        items: [
          { kind: "result", taskId: "given", path: [] },
          { kind: "result", taskId: "etl.load", path: ["n"] },
        ],
      },
    ],
  ],
  expand: [["row", { kind: "result", taskId: "etl.load", path: ["rows"] }]],
  upstream: ["etl.load", "given"],
});
const ETL: SerializedTransaction = {
  transactionId: "etl",
  taskIds: ["etl.fit", "etl.load"],
  commit: "lazy",
};
const DECIDER = serializedTask("size", {
  branch: { by: "boolean", path: [], cases: [{ json: "true", taskIds: ["etl.load"] }], otherwise: [] },
});

const sourceOf = (
  load: Partial<SerializedTask> = {},
  fit: Partial<SerializedTask> = {},
  etl: Partial<SerializedTransaction> = {},
  deciders: readonly SerializedTask[] = [],
): string =>
  groupShape(
    [{ ...ETL, ...etl }],
    [
      { ...LOAD, ...load },
      { ...FIT, ...fit },
    ],
    deciders,
  ).source;

describe("the source of a transaction", () => {
  test("is what it has always been", () => {
    expect(sourceOf()).toBe("66fceb92f36bbf1db4668532fef6c096dc236458dc015c8ea4de38ad076ab5d7");
    expect(sourceOf({}, {}, { commit: { taskId: "etl.fit", path: [] }, failOn: "leaves" }, [DECIDER])).toBe(
      "bc8e4d9a45b0aaf84ae454a574d98277f2723d5a03846c5a02be1170943a20c4",
    );
  });

  test("has the values from outside beside it, by the task and the argument that take them", () => {
    const { inputs } = groupShape([ETL], [LOAD, FIT], [DECIDER]);
    expect(inputs).toEqual([
      ["etl.fit(both)0", { kind: "result", taskId: "given", path: [] }],
      ["etl.load(given)", { kind: "result", taskId: "given", path: ["rows"] }],
      ["etl.load(limit)", { kind: "literal", json: "3" }],
      ["size", { kind: "result", taskId: "size", path: [] }],
    ]);
  });

  test("leaves out excluded arguments, and keeps what a task is mapped over", () => {
    const cache = {
      ttlMs: null,
      excludeInputs: ["limit", "row"],
      includeInputs: [],
      env: [],
      version: null,
      serialize: false,
      errorsTtlMs: null,
    };
    const { inputs, source } = groupShape(
      [ETL],
      [
        { ...LOAD, cache },
        { ...FIT, cache },
      ],
      [],
    );
    expect(inputs.map(([name]) => name)).toEqual(["etl.fit(both)0", "etl.load(given)"]);
    expect(source).not.toBe(sourceOf({}, { expand: [] }));
  });

  test.each<[string, Parameters<typeof sourceOf>]>([
    ["the code of a task", [{ sourceHash: sha256("other") }]],
    ["the name of an argument", [{ args: [["other", { kind: "literal", json: "3" }]] }]],
    ["a template", [{}, { args: [["both", { kind: "result", taskId: "etl.load", path: [] }]] }]],
    [
      "what a task is mapped over",
      [{}, { expand: [["row", { kind: "result", taskId: "etl.load", path: [] }]] }],
    ],
    ["whether it is mapped", [{}, { expand: [] }]],
    ["an edge", [{ upstream: [] }]],
    ["a trigger rule", [{ triggerRule: "all_done" }]],
    ["a branch", [{ branch: DECIDER.branch as never }]],
    ["when it is committed", [{}, {}, { commit: { taskId: "etl.fit", path: [] } }]],
    ["what rolls it back", [{}, {}, { failOn: "leaves" }]],
    ["a branch outside that selects among its tasks", [{}, {}, {}, [DECIDER]]],
  ])("is another one with another %s", (_, changed) => {
    expect(sourceOf(...changed)).not.toBe(sourceOf());
  });

  test("depends on nothing else", () => {
    const free: Partial<SerializedTask> = {
      retries: 3,
      retryDelayMs: 5,
      pool: "gpu",
      poolSlots: 2,
      priorityWeight: 9,
      executionTimeoutMs: 1,
      memoryBytes: 2 ** 30,
      queue: "slow",
      callbacks: ["success"],
    };
    expect(sourceOf(free, free, { callbacks: ["commit"] })).toBe(sourceOf());
    const reversed = groupShape([ETL], [FIT, LOAD], []);
    expect(reversed.source).toBe(sourceOf());
    const literal = { args: [LOAD.args[0] ?? [], ["limit", { kind: "literal", json: "4" }]] } as never;
    expect(sourceOf(literal)).toBe(sourceOf());
  });
});
