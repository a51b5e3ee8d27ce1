import { sha256, type SourceComponent } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { compareComponents, recordComponents, type RecordedComponents } from "../src/index.ts";
import { components } from "./entries.ts";

const SECRETS = { patterns: ["*TOKEN*", "password"], key: new Uint8Array(32).fill(1) };

function recorded(
  own: Parameters<typeof components>[0],
  texts: Record<string, string> = {},
): RecordedComponents {
  return recordComponents(components(own), (part, name) => texts[`${part}.${name}`], SECRETS);
}

describe("what a record keeps", () => {
  test("shows small values", () => {
    const { shown, inputs } = recorded({ inputs: { depth: sha256("3") } }, { "inputs.depth": "3" });
    expect(shown).toEqual({ "inputs.depth": "3" });
    expect(inputs).toEqual({ depth: sha256("3") });
  });

  test("does not show long values", () => {
    expect(recorded({ inputs: { rows: sha256("x") } }, { "inputs.rows": "x".repeat(121) }).shown).toEqual({});
  });

  test("never shows a secret, nor a digest that it could be guessed from", () => {
    const digest = sha256('"1234"');
    const kept = recorded(
      { inputs: { options: sha256("o") }, env: { API_TOKEN: digest, Password: digest } },
      { "env.API_TOKEN": '"1234"', "env.Password": '"1234"', "inputs.options": '{"password":"1234"}' },
    );
    expect(JSON.stringify(kept)).not.toContain("1234");
    expect(JSON.stringify(kept)).not.toContain(digest);
    expect(kept.env["API_TOKEN"]).toMatch(/^[0-9a-f]{64}$/);
  });

  test("shows the answer of a key function, unless it was made from a secret", () => {
    const answer = { key: sha256('"etag"'), keySource: sha256("f") };
    const of = (json: string, isSecret = false) =>
      recordComponents(components(answer), () => undefined, SECRETS, { key: { json, isSecret } });
    expect(of('"etag"')).toMatchObject({ ...answer, shown: { key: '"etag"' } });
    expect(of(`"${"x".repeat(200)}"`).shown).toEqual({});
    expect(of('{"password":"1234"}').shown).toEqual({});
    expect(of('"etag"', true).shown).toEqual({});
    expect(of('"etag"', true).key).not.toBe(answer.key);
    const [before, after] = [of('"etag"'), { ...of('"new"'), key: sha256('"new"') }];
    const compared = (a: RecordedComponents, b: RecordedComponents) =>
      compareComponents({ components: a, source: undefined }, { components: b, source: undefined });
    expect(compared(before, after)).toEqual([{ kind: "key", path: "key", before: '"etag"', after: '"new"' }]);
    expect(compared(before, { ...before, keySource: sha256("g") })).toEqual([
      {
        kind: "source",
        path: "key function",
        before: sha256("f").slice(0, 12),
        after: sha256("g").slice(0, 12),
      },
    ]);
    expect(compared(recorded({}), before).map(({ path }) => path)).toEqual(["key", "key function"]);
  });

  test("names the fields of an argument that changed, and no value of a secret", () => {
    const of = (etag: string, digest: string | null, password = "1234") => {
      const fields = [
        [
          "doc",
          [
            ["etag", sha256(etag)],
            ["id", digest],
            ["password", sha256(password)],
          ],
        ],
      ] as const;
      const inputs = { doc: sha256(JSON.stringify(fields)) };
      return recordComponents(components({ inputs }), () => undefined, SECRETS, { fields });
    };
    const compared = (a: RecordedComponents, b: RecordedComponents) =>
      compareComponents({ components: a, source: undefined }, { components: b, source: undefined });
    const [a, b] = [sha256("a").slice(0, 12), sha256("b").slice(0, 12)];
    expect(compared(of("a", null), of("b", null))).toEqual([
      { kind: "input", path: "doc.etag", before: a, after: b },
    ]);
    expect(compared(of("a", null), of("a", sha256("b")))).toEqual([
      { kind: "input", path: "doc.id", before: "(not there)", after: b },
    ]);
    const [secret] = compared(of("a", null), of("a", null, "other"));
    expect(secret).toMatchObject({ path: "doc.password" });
    expect([secret?.before, secret?.after]).not.toContain(sha256("1234").slice(0, 12));
    // A key that has all of the argument, or is of a version before, has no fields to compare with.
    const { shownFields: _none, ...before } = of("a", null);
    expect(compared(before, of("b", null)).map(({ path }) => path)).toEqual(["doc"]);
  });

  test("keeps names that are special to objects", () => {
    const inputs = Object.assign(Object.create(null) as Record<string, string>, {
      ["__proto__"]: sha256("1"),
    });
    const kept = recorded({ inputs }, { "inputs.__proto__": "1" });
    expect(Object.keys(kept.inputs)).toEqual(["__proto__"]);
    expect(kept.shown).toEqual({ "inputs.__proto__": "1" });
  });
});

describe("the difference of two keys", () => {
  const part = (
    kind: SourceComponent["kind"],
    path: string,
    name: string,
    digest: string,
    version: string | null = null,
  ) => ({
    kind,
    path,
    name,
    version,
    digest: sha256(digest),
  });

  test("is named, with values where they are small", () => {
    const before = recorded({ inputs: { depth: sha256("3"), gone: sha256("1") } }, { "inputs.depth": "3" });
    const after = recorded(
      { inputs: { depth: sha256("4") }, context: { "params.species": sha256('"Gentoo"') }, version: "2" },
      { "inputs.depth": "4", "context.params.species": '"Gentoo"' },
    );
    expect(
      compareComponents({ components: before, source: undefined }, { components: after, source: undefined }),
    ).toEqual([
      { kind: "input", path: "depth", before: "3", after: "4" },
      { kind: "input", path: "gone", before: sha256("1").slice(0, 12), after: null },
      { kind: "context", path: "params.species", before: null, after: '"Gentoo"' },
      { kind: "version", path: "version", before: null, after: "2" },
    ]);
  });

  test("names the function and the package whose code changed, and nothing else", () => {
    const same = part("function", "lib/clean.ts", "keep", "keep");
    const source = (trim: string, version: string) => ({
      sourceHash: sha256(trim + version),
      mode: "slice" as const,
      components: [
        same,
        part("function", "lib/clean.ts", "trim", trim),
        part("package", "", "ml-cart", version, version),
      ],
    });
    const [a, b] = [source("one", "2.1.1"), source("two", "2.1.2")];
    const changes = compareComponents(
      { components: recorded({ source: a.sourceHash }), source: a },
      { components: recorded({ source: b.sourceHash }), source: b },
    );
    expect(changes).toEqual([
      {
        kind: "source",
        path: "lib/clean.ts function trim",
        before: sha256("one").slice(0, 12),
        after: sha256("two").slice(0, 12),
      },
      { kind: "package", path: "ml-cart", before: "2.1.1", after: "2.1.2" },
    ]);
  });

  test("is the hash itself where its parts are not known", () => {
    const changes = compareComponents(
      { components: recorded({ source: sha256("a") }), source: undefined },
      { components: recorded({ source: sha256("b") }), source: undefined },
    );
    expect(changes).toMatchObject([{ kind: "source", path: "source" }]);
  });

  test("of a key and itself is nothing", () => {
    const key = { components: recorded({ inputs: { a: sha256("1") } }), source: undefined };
    expect(compareComponents(key, key)).toEqual([]);
  });
});
