import { canonicalBytes, canonicalJson, digestOf } from "@memodag/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ListElements, elementDigests, elementSpans } from "../../src/values/list-elements.ts";
import { ValueWorker } from "../../src/values/value-worker.ts";

describe("the elements of a list", () => {
  test("are its members, whatever they hold", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (list) => {
        const json = canonicalBytes(list);
        const spans = elementSpans(json)!;
        const elements = new ListElements(json, spans, elementDigests(json, spans));
        expect(elements.length).toBe(list.length);
        for (const [index, member] of list.entries()) {
          expect(elements.text(index)).toBe(canonicalJson(member));
          expect(elements.digest(index)).toBe(digestOf(member));
          expect(elements.sizeBytes(index)).toBe(canonicalBytes(member).length);
        }
      }),
    );
  });

  test.each(['"a,[b]\\"],"', "[]", "[[]]", '[{"a":[1,2]},",",[3,[4]]]'])("of %s", (text) => {
    const list = [JSON.parse(text) as unknown, text];
    const json = canonicalBytes(list);
    const spans = elementSpans(json)!;
    expect(spans).toHaveLength(4);
    expect(Buffer.from(json.subarray(spans[0], spans[1])).toString()).toBe(canonicalJson(list[0]));
  });

  test.each(["{}", '"[]"', "null", "12", "true"])("are none in %s", (text) => {
    expect(elementSpans(Buffer.from(text))).toBeNull();
  });
});

describe("a value", () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => ({ index, name: `row ${index}` }));

  test("is worked on alike on a thread and here", async () => {
    const values = new ValueWorker();
    const small = { rows: rows.slice(0, 3), note: "x" };
    const large = { rows, note: "x" };
    for (const value of [small, large]) {
      const bytes = canonicalBytes(value);
      expect(await values.work({ kind: "digest", bytes, path: ["note"] })).toEqual({
        kind: "digest",
        digest: digestOf("x"),
      });
      const elements = await values.work({ kind: "elements", bytes, path: ["rows"] });
      expect(elements.kind === "elements" && elements.digests.slice(0, 3)).toEqual(
        rows.slice(0, 3).map((row) => digestOf(row)),
      );
      expect(await values.work({ kind: "elements", bytes, path: [] })).toEqual({
        kind: "not_a_list",
        found: "an object",
      });
      expect(await values.work({ kind: "elements", bytes, path: ["gone"] })).toEqual({
        kind: "not_a_list",
        found: "null",
      });
    }
  });

  test.each([
    ["in memory of its own", canonicalBytes(rows)],
    ["in a Buffer", Buffer.from(canonicalBytes(rows))],
  ])("that is large and %s leaves the caller's bytes alone", async (_, bytes) => {
    const values = new ValueWorker();
    const [first, second] = await Promise.all([
      values.work({ kind: "digest", bytes, path: [0] }),
      values.work({ kind: "digest", bytes, path: [1, "name"] }),
    ]);
    expect(first).toEqual({ kind: "digest", digest: digestOf(rows[0]) });
    expect(second).toEqual({ kind: "digest", digest: digestOf("row 1") });
    expect(bytes.length).toBeGreaterThan(128 * 1024);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(rows);
  });
});

test.each(['["', '["a', '["a\\', '["a\\"', "[1,", '[{"a":"', '[["a"]', "["])(
  "a list that ends in the middle is named: %s",
  (text) => {
    expect(() => elementSpans(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "value_not_json" }),
    );
  },
);
