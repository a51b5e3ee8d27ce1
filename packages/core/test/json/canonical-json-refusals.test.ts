import { canonicalJson, formatJsonPath, type JsonPathStep, MemodagError } from "@memodag/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonValue, objectOf } from "./arbitrary-json.ts";

class Penguin {
  name = "Pip";
}
class Rows extends Array<number> {}
class Broken extends Error {}

function go(): void {}

function refusalOf(value: unknown): MemodagError {
  try {
    canonicalJson(value);
  } catch (error) {
    if (error instanceof MemodagError) return error;
    throw error;
  }
  return expect.unreachable("the value was encoded");
}

function nested(levels: number, step: "list" | "object"): unknown {
  let value: unknown = step === "list" ? [] : {};
  for (let level = 1; level < levels; level++) value = step === "list" ? [value] : { a: value };
  return value;
}

/** Follows a path as printed, knowing nothing of how it was made. */
function follow(value: unknown, path: string): unknown {
  const step = /\.([\w$]+)|\[(\d+|"(?:[^"\\]|\\.)*")\]/gy;
  expect(path[0]).toBe("$");
  step.lastIndex = 1;
  let at = value;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (!match) throw new Error(`unreadable path ${path}`);
    const name = match[1] ?? String(JSON.parse(match[2] ?? ""));
    at = Object.getOwnPropertyDescriptor(at, name)?.value;
  }
  return at;
}

describe("canonicalJson refuses", () => {
  it.each<[string, unknown, string]>([
    ["a date", { rows: [0, 1, 2, { at: new Date(0) }] }, "Date at $.rows[3].at: return toISOString()"],
    ["an invalid date", new Date(Number.NaN), "Date at $: return toISOString()"],
    ["undefined in a list", [1, undefined], "undefined in a list at $[1]: return null in its place"],
    ["a hole", [1, , 3], "hole in a list at $[1]: return null in its place"], // oxlint-disable-line no-sparse-arrays
    ["a huge sparse list", Object.assign([], { length: 1e9 }), "hole in a list at $[0]"],
    ["NaN", { a: Number.NaN }, "NaN at $.a: return null or a finite number"],
    ["infinity", [-Infinity], "-Infinity at $[0]: return null or a finite number"],
    ["a bigint", { "odd key": 1n }, 'bigint at $["odd key"]: return String(it)'],
    ["a symbol", [Symbol("s")], "symbol at $[0]"],
    ["a symbol as a name", { a: { [Symbol("s")]: 1 } }, "property named by a symbol at $.a"],
    ["a function", { run: go }, "function go at $.run: call it, or leave it out"],
    ["a class", [Penguin], "function Penguin at $[0]"],
    ["a map", { m: new Map() }, "Map at $.m: return Object.fromEntries(it), or [...it]"],
    ["a set", [new Set()], "Set at $[0]: return [...it]"],
    ["a buffer", { b: Buffer.from("x") }, 'Buffer at $.b: return toString("base64")'],
    ["bytes", new Uint8Array(2), "Uint8Array at $: return Array.from(it)"],
    ["an array buffer", new ArrayBuffer(2), "ArrayBuffer at $"],
    ["an instance", { p: new Penguin() }, "instance of Penguin at $.p: return a plain object"],
    ["a subclass of Array", new Rows(1, 2), "subclass Rows of Array at $: return a plain array"],
    ["an error", new Broken("x"), "Broken (Error) at $: return its message"],
    ["a promise", { p: Promise.resolve(1) }, "Promise at $.p: await it"],
    ["a boxed number", Object(1), "Number at $: return valueOf()"],
    ["an object that inherits", Object.create({ a: 1 }), "instance of unknown class at $"],
    ["a lone surrogate", { s: "\ud800" }, "string with a lone surrogate at $.s: return toWellFormed()"],
    ["a lone surrogate as a name", { "\udc00": 1 }, 'name with a lone surrogate at $["\\udc00"]'],
  ])("%s", (_name, value, message) => {
    const error = refusalOf(value);
    expect(error.code).toBe("value_not_json");
    expect(error.message).toContain(message);
  });

  it("accessors, without calling them", () => {
    const value = {
      list: [
        {
          get a() {
            return expect.unreachable("the getter was called");
          },
        },
      ],
    };
    expect(refusalOf(value).message).toBe("accessor at $.list[0].a: return its value as a plain property");
    expect(refusalOf({ set a(_value: number) {} }).message).toContain("accessor at $.a");
  });

  it("cycles, naming both ends, whatever stands beside them", () => {
    const value: Record<string, unknown> = { beside: { rows: Array.from({ length: 1_000 }, () => ({})) } };
    value["deep"] = [{ back: value["beside"] }, { self: value }];
    expect(refusalOf(value).message).toContain("circular reference to $ at $.deep[1].self");
    const list: unknown[] = [];
    list.push({ list });
    expect(refusalOf([list]).message).toContain("circular reference to $[0] at $[0][0].list");
  });

  it("more than 512 levels, however many", () => {
    for (const step of ["list", "object"] as const) {
      expect(canonicalJson(nested(512, step))).toContain(step === "list" ? "[]" : "{}");
      expect(refusalOf(nested(513, step)).message).toContain("deeper than 512 levels");
      const error = refusalOf(nested(100_000, step));
      expect(error.message.length).toBeLessThan(500);
      expect(follow(nested(513, step), String(error.fields["path"]))).toEqual(step === "list" ? [] : {});
    }
  });

  it("what throws while it is read, as a value and not as a crash", () => {
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new TypeError("no keys for you");
        },
      },
    );
    const revoked = Proxy.revocable([], {});
    revoked.revoke();
    const error = refusalOf({ before: { deep: [[1]] }, rows: [1, { trap }] });
    expect(error.message).toContain("unreadable value (no keys for you) at $.rows[1].trap");
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(refusalOf([revoked.proxy]).message).toContain("at $[0]");
  });

  it("anything, anywhere, by a path that leads to it", () => {
    const culprits = [new Date(), new Map(), 1n, Number.NaN, Symbol("s"), () => 1, new Penguin(), "\udfff"];
    const step = fc.oneof(fc.string({ unit: "binary", maxLength: 4 }), fc.nat(3));
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(steps, fc.constantFrom(...culprits), jsonValue, (way, culprit, sibling) => {
        const value = way.reduceRight<unknown>((inner, at) => wrap(inner, at, sibling), culprit);
        const path = String(refusalOf(value).fields["path"]);
        expect(path).toBe(formatJsonPath(way));
        expect(follow(value, path)).toBe(culprit);
      }),
      { numRuns: 500 },
    );
  });
});

function wrap(inner: unknown, at: JsonPathStep, sibling: unknown): unknown {
  if (typeof at === "string")
    return objectOf([
      ["beside", sibling],
      [at, inner],
    ]);
  return [...Array.from({ length: at }, () => sibling), inner, sibling];
}
