import type { ArgTemplate, AttemptResult } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { assembleArguments } from "@memodag/core";

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const single = (value: unknown): AttemptResult => ({ kind: "single", bytes: bytes(value) });
const result = (taskId: string, ...path: (string | number)[]): ArgTemplate => ({
  kind: "result",
  taskId,
  path,
});

function assembleOne(template: ArgTemplate, results: Record<string, AttemptResult> = {}): unknown {
  return assembleArguments({ args: [["it", template]], results: new Map(Object.entries(results)) })["it"];
}

describe("assembleArguments", () => {
  it("parses literals and narrows results", () => {
    expect(assembleOne({ kind: "literal", json: '{"a":[1,null]}' })).toEqual({ a: [1, null] });
    expect(assembleOne(result("up", "rows", 1), { up: single({ rows: [1, { x: 2 }] }) })).toEqual({ x: 2 });
    expect(assembleOne(result("up", "gone", "deeper"), { up: single({}) })).toBeNull();
    expect(assembleOne(result("up", "constructor"), { up: single({}) })).toBeNull();
  });

  it("collects a mapped upstream in order, with null for what is missing", () => {
    const up: AttemptResult = { kind: "mapped", items: [bytes(3), null, bytes([1])] };
    expect(assembleOne(result("up"), { up })).toEqual([3, null, [1]]);
    expect(assembleOne(result("up", 2, 0), { up })).toBe(1);
    expect(assembleOne(result("absent"))).toBeNull();
  });

  it("shares no object between two places of one result", () => {
    const up = single({ list: [] });
    const args = assembleArguments({
      args: [
        ["a", result("up")],
        ["b", { kind: "list", items: [result("up"), result("up")] }],
      ],
      results: new Map([["up", up]]),
    }) as { a: { list: number[] }; b: { list: number[] }[] };
    args.a.list.push(1);
    args.b[0]?.list.push(2);
    expect(args).toEqual({ a: { list: [1] }, b: [{ list: [2] }, { list: [] }] });
  });

  it("hands over names in one order, __proto__ among them, whatever order they were written in", () => {
    const one: ArgTemplate = { kind: "literal", json: "1" };
    const args = assembleArguments({
      args: [
        [
          "z",
          {
            kind: "object",
            entries: [
              ["b", one],
              ["__proto__", one],
              ["a", one],
            ],
          },
        ],
        ["y", one],
      ],
      results: new Map(),
    });
    expect(Object.keys(args)).toEqual(["y", "z"]);
    expect(Object.keys(args["z"] as object)).toEqual(["__proto__", "a", "b"]);
    expect(Object.getPrototypeOf(args["z"])).toBe(Object.prototype);
  });
});
