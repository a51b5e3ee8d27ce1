import { describe, expect, test } from "vitest";
import { previewOf } from "../src/job-entries/preview.ts";

const BYTES = "application/octet-stream";
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const previewText = (key: string, text: string) => previewOf(BYTES, key, bytesOf(text), bytesOf(text).length);

describe("a preview", () => {
  test("is an image only if the server says so", () => {
    expect(previewOf("image/png", "a.txt", new Uint8Array(), 0)).toEqual({ kind: "image" });
    expect(previewText("a.png", "<svg onload='alert(1)'/>")).toMatchObject({ kind: "text" });
  });

  test("of values with commas is a table, with quotes and ends of lines in cells", () => {
    expect(previewText("a.csv", 'name,note\r\n"Ada","said ""hi"", twice"\nBob,"two\nlines"\n')).toEqual({
      kind: "table",
      head: ["name", "note"],
      rows: [
        ["Ada", 'said "hi", twice'],
        ["Bob", "two\nlines"],
      ],
      isCut: false,
    });
    expect(previewText("a.tsv", "a\tb\n1\t2")).toMatchObject({ kind: "table", rows: [["1", "2"]] });
    expect(previewText("a.csv", "one column\nonly")).toMatchObject({ kind: "text" });
  });

  test("of objects is a table, whichever way they are written, without what they inherit", () => {
    const rows = [
      ["1", "x", ""],
      ["2", "", "[true]"],
    ];
    const expected = { kind: "table", head: ["a", "toString", "c"], rows, isCut: false };
    expect(previewText("t", '[{"a":1,"toString":"x"},{"a":2,"c":[true]}]')).toEqual(expected);
    expect(previewText("t", '{"a":1,"toString":"x"}\n{"a":2,"c":[true]}\n')).toEqual(expected);
    expect(previewText("t", '[1,{"a":2}]')).toMatchObject({ kind: "text" });
    expect(previewText("t", "[]")).toMatchObject({ kind: "text" });
  });

  test("of other JSON is indented text, and of markup its text", () => {
    expect(previewText("t", '{"a":1}')).toEqual({ kind: "text", text: '{\n  "a": 1\n}', isCut: false });
    expect(previewText("p.html", "<script>alert(1)</script>")).toMatchObject({
      text: "<script>alert(1)</script>",
    });
  });

  test("of a beginning leaves out the character or the row that the cut divides", () => {
    const whole = bytesOf("héllo");
    expect(previewOf(BYTES, "t", whole.subarray(0, 2), whole.length)).toEqual({
      kind: "text",
      text: "h",
      isCut: true,
    });
    expect(previewOf(BYTES, "t.csv", bytesOf("a,b\n1,2\n3,"), 99)).toMatchObject({
      rows: [["1", "2"]],
      isCut: true,
    });
  });

  test("of what is no text is its bytes", () => {
    expect(previewOf(BYTES, "t", Uint8Array.of(0, 65, 255), 3)).toEqual({
      kind: "bytes",
      lines: [`000000  ${"00 41 ff".padEnd(48)} ·A·`],
      isCut: false,
    });
    const many = previewOf(BYTES, "t", new Uint8Array(1000), 5000);
    expect(many).toMatchObject({ kind: "bytes", isCut: true });
    expect(many.kind === "bytes" && many.lines.length).toBe(32);
  });

  test("shows no more than a screen can bear", () => {
    const wide = Array.from({ length: 80 }, (_, index) => `c${index}`).join(",");
    const cell = "x".repeat(500);
    const long = previewText("t.csv", `${wide}\n${`${cell},y\n`.repeat(300)}`);
    expect(long).toMatchObject({ kind: "table", isCut: true });
    if (long.kind !== "table") throw new Error("it is no table");
    expect([long.head.length, long.rows.length, long.rows[0]?.[0]?.length]).toEqual([50, 200, 201]);
  });
});
