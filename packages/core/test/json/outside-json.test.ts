import fc from "fast-check";
import { expect, test } from "vitest";
import { parseOutsideJson } from "../../src/index.ts";

test.each([
  ["9007199254740993", "the number 9007199254740993 at $ is not exact in JavaScript, which would make it"],
  ["-9007199254740993", "at $ is not exact in JavaScript"],
  ['{"a":[1,{"b c":9007199254740993}]}', 'at $.a[1]["b c"] is not exact'],
  ['{"a\\"b":1,"x":{"y":[],"z":[[1],[2,1610521604143693813]]}}', "at $.x.z[1][1] is not exact"],
  ["9007199254740993.0", "is not exact in JavaScript"],
  ["123456789012345678901234567890", "is not exact in JavaScript"],
  ["[1e400]", "1e400 at $[0] is larger than any number"],
  ["-1E+999", "is larger than any number"],
  ["1e-400", "is closer to zero than any number"],
])("refuses %s", (text, message) => {
  expect(() => parseOutsideJson(text)).toThrow(
    expect.objectContaining({ code: "value_not_json", message: expect.stringContaining(message) }),
  );
});

test.each([
  "9007199254740991",
  "9007199254740992",
  "0.1000000000000000055",
  "3.14159265358979323846",
  "1e23",
  "1.7976931348623157e308",
  "100000000000000000000000",
  "0e999",
  '"9007199254740993"',
  '{"9007199254740993":["1e400","\\"9007199254740993"]}',
])("reads %s", (text) => expect(parseOutsideJson(text)).toEqual(JSON.parse(text)));

test("reads whatever JavaScript wrote, and integers exactly when they stay what they are", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseOutsideJson(text)).toEqual(JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(parseOutsideJson(JSON.stringify([number]))).toEqual([number === 0 ? 0 : number]);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
      const number = Number(integer);
      const isUnchanged = BigInt(number) === integer || String(number) === String(integer);
      let read: unknown = "refused";
      try {
        read = parseOutsideJson(`${integer}`);
      } catch {
        // Refused.
      }
      expect(read).toBe(isUnchanged ? number : "refused");
    }),
  );
});

test("is no syntax that JSON has not", () => {
  expect(() => parseOutsideJson("[1,]")).toThrow(SyntaxError);
});
