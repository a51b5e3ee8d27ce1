import { secretTestOf, type JsonSchema, type JsonValue } from "@memodag/core";
import { expect, it } from "vitest";
import { findMisfit, findSchemaFault } from "../src/index.ts";

it.each<[JsonSchema, JsonValue, string]>([
  [{ type: "integer", minimum: 1 }, 0, "$ must be >= 1, found 0"],
  [{ type: "integer" }, "3", '$ must be integer, found "3"'],
  [{ enum: ["a", 2] }, null, '$ must be one of "a", 2, found null'],
  [{ const: "a" }, [1], '$ must be "a", found [1]'],
  [{ type: "string", format: "date" }, "soon", '$ must match format "date", found "soon"'],
  [
    { type: "object", properties: { "a/b": { items: { type: "number" } } } },
    { "a/b": [1, "x"] },
    '$["a/b"][1] must be number, found "x"',
  ],
  [{ type: "object", required: ["region"] }, {}, "$ must have required property 'region', found {}"],
  [
    { type: "object", properties: {}, additionalProperties: false },
    { regoin: 1 },
    '$ must not have a property "regoin", found {"regoin":1}',
  ],
  [false, 1, "$ boolean schema is false, found 1"],
])("%j is not fit by %j", (schema, value, misfit) => {
  const { where, expected, found } = findMisfit(schema, value) ?? {};
  const path = where === "" ? "$" : where?.replace(/^, at (.*),$/, "$1");
  expect(`${path} ${expected}, found ${found}`).toBe(misfit);
});

it("a pattern that would take for ever is given up", () => {
  const schema = { items: { type: "string", pattern: "^(a+)+$" } };
  expect(findMisfit(schema, ["a".repeat(50)])).toBeUndefined();
  expect(findMisfit(schema, [`${"a".repeat(50)}!`])?.expected).toMatch(/must be checked by the schema/);
  expect(findMisfit({ type: "integer" }, 1)).toBeUndefined();
});

it("a value that fits is left as it is", () => {
  const value = { depth: 3 };
  const schema = { type: "object", properties: { depth: { type: "integer" }, seed: { default: 7 } } };
  expect(findMisfit(schema, value)).toBeUndefined();
  expect(value).toEqual({ depth: 3 });
});

it("two schemas of one name are two schemas", () => {
  const named = (type: string): JsonSchema => ({ $id: "https://example.org/depth", type });
  expect(findMisfit(named("integer"), 1)).toBeUndefined();
  expect(findMisfit(named("string"), 1)).toMatchObject({ expected: "must be string" });
});

it.each<[JsonSchema, RegExp]>([
  [{ type: "integer", minimun: 1 }, /unknown keyword: "minimun"/],
  [{ type: "number", minimum: "1" }, /minimum must be number/],
  [{ $ref: "https://example.org/elsewhere" }, /can't resolve reference/],
  [{ type: "string", pattern: "(" }, /[Rr]egular expression|pattern/],
])("%j is no schema", (schema, message) => {
  expect(findSchemaFault(schema)).toMatch(message);
});

it.each<[string, JsonSchema, JsonValue, string]>([
  ["a secret's name", { type: "integer" }, "hunter2", " must be integer, found ***"],
  [
    "a mark",
    { const: "hunter3", writeOnly: true },
    "hunter2",
    " must be the constant in its schema, found ***",
  ],
  ["a mark in a branch", { anyOf: [{ format: "password", minLength: 9 }] }, "hunter2", "found ***"],
  [
    "a property that is marked",
    { properties: { pin: { enum: ["hunter3"], writeOnly: true } } },
    { pin: "hunter2" },
    ", at $.pin, must be one of the values in its schema, found ***",
  ],
  [
    "a property beside the fault",
    { required: ["user"], properties: { pin: { type: "string", writeOnly: true } } },
    { pin: "hunter2", depth: 1 },
    ` must have required property 'user', found {"pin":"***","depth":1}`,
  ],
  [
    "a property that is named like a secret, and what is deep in it",
    { properties: { my_secret: { additionalProperties: { type: "integer" } } } },
    { my_secret: { hunter1: ["hunter2"] } },
    ", at $.my_secret, must be integer, found ***",
  ],
  [
    "values that a definition marks",
    { $defs: { key: { type: "integer", writeOnly: true } }, items: { $ref: "#/$defs/key" } },
    ["hunter2"],
    "must be integer, found ***",
  ],
  [
    "an enum of objects",
    { enum: [{ password: "hunter3" }, 2] },
    3,
    ' must be one of {"password":"***"}, 2, found 3',
  ],
])("a misfit shows no secret: %s", (what, schema, value, misfit) => {
  const looksSecret = (text: string): boolean => /secret|password/.test(text);
  const isSecret = secretTestOf(what === "a secret's name" ? "secret" : "value", schema, looksSecret);
  const { where, expected, found } = findMisfit(schema, value, isSecret) ?? {};
  const told = `${where} ${expected}, found ${found}`;
  expect(told).toContain(misfit);
  expect(told).not.toMatch(/hunter/);
});
