import { canonicalBytes, canonicalForm, canonicalJson, digestOf, readJson, sha256 } from "@memodag/core";
import * as fc from "fast-check";
import stableStringify from "fast-json-stable-stringify";
import { describe, expect, it } from "vitest";
import { jsonValue, objectOf, sameJson, smallValue } from "./arbitrary-json.ts";

function toJSON(): never {
  throw new Error("called");
}

function double(hex: string): number {
  return Buffer.from(hex, "hex").readDoubleBE();
}

describe("canonicalJson", () => {
  it("writes the example of RFC 8785", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("orders names by UTF-16 code units, as RFC 8785 does", () => {
    const names = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const text = canonicalJson(objectOf(names.map((name) => [name, 0])));
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      "1", // integer names come first in any object; their place in the text is checked below
      "\r",
      "\u0080",
      "\u00f6",
      "\u20ac",
      "\ud83d\ude00",
      "\ufb33",
    ]);
    expect(text.indexOf('"\\r"')).toBeLessThan(text.indexOf('"1"'));
  });

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("prints the double %s as RFC 8785 does", (hex, text) => {
    expect(canonicalJson(double(hex))).toBe(text);
  });

  it("drops undefined properties and takes undefined itself for null", () => {
    expect(canonicalJson({ b: undefined, a: { c: undefined } })).toBe('{"a":{}}');
    expect(canonicalJson(undefined)).toBe("null");
    expect(canonicalJson({ a: undefined })).toBe("{}");
  });

  it("never calls toJSON, own or inherited", () => {
    // oxlint-disable-next-line no-extend-native -- the pollution that is guarded against
    Object.defineProperty(Object.prototype, "toJSON", { value: toJSON, configurable: true });
    try {
      expect(canonicalJson({ a: [1] })).toBe('{"a":[1]}');
    } finally {
      Reflect.deleteProperty(Object.prototype, "toJSON");
    }
    expect(() => canonicalJson({ toJSON })).toThrow("function toJSON at $.toJSON");
  });

  it("keeps __proto__ as a name like another", () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":1}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"polluted":true},"a":1}');
    expect(canonicalJson(canonicalForm(value))).toBe(canonicalJson(value));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("takes objects without prototype and those of another realm for plain", async () => {
    const { runInNewContext } = await import("node:vm");
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
    expect(canonicalJson(runInNewContext("({ a: [1, { b: 2 }] })"))).toBe('{"a":[1,{"b":2}]}');
  });

  it("encodes a value that occurs twice without being a cycle", () => {
    const shared = { a: 1 };
    expect(canonicalJson([shared, shared, { shared }])).toBe('[{"a":1},{"a":1},{"shared":{"a":1}}]');
  });

  it("reads each property once", () => {
    const reads: string[] = [];
    const watched = new Proxy(
      { b: 1, a: 2 },
      {
        get: (_target, name) => expect.unreachable(`get ${String(name)}`),
        getOwnPropertyDescriptor: (target, name) => {
          reads.push(String(name));
          return Reflect.getOwnPropertyDescriptor(target, name);
        },
      },
    );
    expect(canonicalJson(watched)).toBe('{"a":2,"b":1}');
    // Object.keys asks each for being enumerable, the encoder for its value.
    expect(reads).toEqual(["b", "a", "a", "b"]);
  });

  it("writes long values as it writes short ones", () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => ({ name: `€😀${index}`, id: index }));
    const text = canonicalJson(rows);
    expect(text).toBe(JSON.stringify(rows.map(({ name, id }) => ({ id, name }))));
    expect(Buffer.from(canonicalBytes(rows)).toString()).toBe(text);
    expect(digestOf(rows)).toBe(sha256(text));
    const { length } = canonicalBytes(rows);
    expect(canonicalJson(rows, { maxBytes: length })).toBe(text);
    expect(() => canonicalJson(rows, { maxBytes: length - 1 })).toThrow(`longer than ${length - 1} bytes`);
  });

  it("stops at a byte limit", () => {
    expect(canonicalJson("ab", { maxBytes: 4 })).toBe('"ab"');
    expect(() => canonicalJson("abc", { maxBytes: 4 })).toThrow(
      expect.objectContaining({ code: "value_too_large", fields: { limitBytes: 4 } }),
    );
    expect(canonicalJson("€", { maxBytes: 5 })).toBe('"€"');
    expect(() => canonicalJson("€€", { maxBytes: 7 })).toThrow("longer than 7 bytes");
    // Past the limit nothing is read any more, so what cannot be encoded is not reached.
    expect(() => canonicalJson(["a".repeat(100), 1n], { maxBytes: 50 })).toThrow("longer than 50 bytes");
  });
});

describe("canonicalJson, for random values", () => {
  it("gives equal texts and digests exactly to equal values", () => {
    let equal = 0;
    fc.assert(
      fc.property(smallValue, smallValue, (left, right) => {
        const same = sameJson(left, right);
        equal += same ? 1 : 0;
        expect(canonicalJson(left) === canonicalJson(right)).toBe(same);
        expect(digestOf(left) === digestOf(right)).toBe(same);
      }),
      { numRuns: 5_000 },
    );
    expect(equal).toBeGreaterThan(50);
  });

  it("parses back to the same value, and is its own canonical form", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalJson(value);
        expect(sameJson(JSON.parse(text), value)).toBe(true);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(sameJson(readJson(canonicalBytes(value)), canonicalForm(value))).toBe(true);
        expect(sha256(canonicalBytes(value))).toBe(digestOf(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("does not depend on the order of insertion", () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string({ unit: "binary" }), jsonValue), {
      selector: ([name]) => name,
      maxLength: 30,
    });
    const shuffled = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(canonicalJson(objectOf(other))).toBe(canonicalJson(objectOf(list)));
      }),
    );
  });

  it("agrees with fast-json-stable-stringify", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        // That one calls toJSON, which no value here may have as a function, and prints -0 as 0 too.
        expect(canonicalJson(value)).toBe(stableStringify(value));
      }),
      { numRuns: 1_000 },
    );
  });
});
