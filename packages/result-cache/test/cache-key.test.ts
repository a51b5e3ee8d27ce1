import { createHash } from "node:crypto";
import { canonicalJson, sha256, type JsonValue } from "@memodag/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cacheKey, compositeDigest, type KeyComponents } from "../src/index.ts";
import { components } from "./entries.ts";

const digests = fc.string().map((text) => sha256(text));
const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "a\nb"));
const named = fc
  .array(fc.tuple(names, digests), { maxLength: 4 })
  .map((pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs)) as Record<string, string>);
const required = {
  v: fc.constant(2 as const),
  team: fc.string(),
  dag: fc.string(),
  task: fc.string(),
  source: digests,
  runtime: named,
  inputs: named,
  context: named,
  env: named,
  version: fc.option(fc.string()),
};
const anyComponents: fc.Arbitrary<KeyComponents> = fc.record(
  { ...required, files: named, entries: named, share: fc.string(), key: digests, keySource: digests },
  { requiredKeys: Object.keys(required) as (keyof typeof required)[] },
);

/** A shared name stands in place of Dag and task. */
function keyed({ dag, task, ...parts }: KeyComponents): JsonValue {
  return (parts.share === undefined ? { ...parts, dag, task } : parts) as unknown as JsonValue;
}

describe("cacheKey", () => {
  test("is the sha256 of the components' canonical JSON", () => {
    fc.assert(
      fc.property(anyComponents, (parts) => {
        const text = canonicalJson(keyed(parts));
        expect(cacheKey(parts)).toBe(createHash("sha256").update(text).digest("hex"));
      }),
    );
  });

  test("is the same for ever: keys of the second edition", () => {
    expect(cacheKey(components())).toBe("98a1ab5138b30d3426b4baaa300fa47a98ece83c0ac2b525799f3c815dda67f1");
    expect(cacheKey(components({ files: { "data/*.csv": sha256("rows") } }))).toBe(
      "a51d2493d11a6171bc85794d9ce568cad6428aee7f19e3190a15607abab27747",
    );
  });

  test("is the same for two tasks that share a name, and for no other", () => {
    const shared = { share: "embed", dag: "a", task: "x" };
    expect(cacheKey(components(shared))).toBe(
      "c714254b0588fd0df86df65767e4818ce620f41920ac6f91e941ed257255a0cb",
    );
    expect(cacheKey(components({ ...shared, dag: "b", task: "y" }))).toBe(cacheKey(components(shared)));
    expect(cacheKey(components({ ...shared, share: "other" }))).not.toBe(cacheKey(components(shared)));
    expect(cacheKey(components({ dag: "a", task: "x" }))).not.toBe(cacheKey(components(shared)));
  });

  test("two keys are equal exactly when the components are", () => {
    fc.assert(
      fc.property(anyComponents, anyComponents, (a, b) => {
        const same = canonicalJson(keyed(a)) === canonicalJson(keyed(b));
        expect(cacheKey(a) === cacheKey(b)).toBe(same);
      }),
    );
  });

  test.each([
    ["team", { team: "other" }],
    ["dag", { dag: "other" }],
    ["task", { task: "other" }],
    ["source", { source: sha256("other") }],
    ["an input", { inputs: { depth: sha256("4") } }],
    ["a context path", { context: { "params.species": sha256('"Gentoo"') } }],
    ["an environment variable", { env: { REGION: sha256('"eu"') } }],
    ["version", { version: "2" }],
    ["the answer of a key function", { key: sha256("1"), keySource: sha256("f") }],
    ["the runtime", { runtime: { node: "26.1.0" } }],
    ["declared files", { files: {} }],
    ["a declared file", { files: { "data/*.csv": sha256("rows") } }],
  ] as const)("changes with %s", (_, change) => {
    expect(cacheKey(components(change))).not.toBe(cacheKey(components()));
  });

  test("an argument, a context path and a variable of one name and value are three things", () => {
    const one = { name: sha256("1") };
    const keys = [{ inputs: one }, { context: one }, { env: one }].map((own) => cacheKey(components(own)));
    expect(new Set(keys).size).toBe(3);
  });
});

describe("compositeDigest", () => {
  test("differs with order, with grouping, with kind, and from the digest of any text", () => {
    const a = sha256("a");
    const b = sha256("b");
    const digestsOfAll = [
      compositeDigest("list", [
        ["", a],
        ["", b],
      ]),
      compositeDigest("list", [
        ["", b],
        ["", a],
      ]),
      compositeDigest("list", [
        ["", compositeDigest("list", [["", a]])],
        ["", b],
      ]),
      compositeDigest("object", [
        ["", a],
        ["", b],
      ]),
      sha256(JSON.stringify([a, b])),
    ];
    expect(new Set(digestsOfAll).size).toBe(digestsOfAll.length);
  });

  test("no name can pass for the end of a line", () => {
    const a = sha256("a");
    const forged = compositeDigest("object", [[`x" ${a}\n"y`, a]]);
    expect(forged).not.toBe(
      compositeDigest("object", [
        ["x", a],
        ["y", a],
      ]),
    );
  });
});
