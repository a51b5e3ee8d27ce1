import { describe, expect, test } from "vitest";
import { fieldKindOf, parseTyped, toTyped } from "../src/approvals/form-values.ts";

describe("fields of a request", () => {
  test.each([
    ["x", { type: "string" }, "text"],
    ["x", true, "text"],
    [1, {}, "number"],
    [null, { type: "integer" }, "number"],
    [false, {}, "boolean"],
    [[1], { type: "array" }, "json"],
    ["x", { type: ["string", "null"] }, "json"],
    [null, false, "json"],
  ] as const)("with the value %j and the schema %j are typed as %s", (value, schema, kind) => {
    expect(fieldKindOf(value, schema)).toBe(kind);
  });

  test("become values, and the same again", () => {
    for (const value of ["", " a", "1", 'say "hi"']) {
      expect(parseTyped("text", toTyped("text", value))).toEqual({ ok: true, value });
    }
    for (const value of [null, [1, "a"], { a: { b: 1 } }, "text"]) {
      expect(parseTyped("json", toTyped("json", value))).toEqual({ ok: true, value });
    }
    expect(parseTyped("number", "1e3")).toEqual({ ok: true, value: 1000 });
    expect(parseTyped("boolean", "false")).toEqual({ ok: true, value: false });
  });

  test("say what is wrong with them", () => {
    for (const typed of ["", "x", "Infinity"])
      expect(parseTyped("number", typed)).toMatchObject({ ok: false });
    expect(parseTyped("json", "{")).toEqual({ ok: false, fault: "must be JSON" });
  });
});
