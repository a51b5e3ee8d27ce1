import { describe, expect, test } from "vitest";
import { findKeyDigits, rank } from "../src/palette/rank.ts";

const found = (query: string, ...texts: string[]): string[] =>
  rank(
    query,
    texts.map((text) => ({ text })),
  ).map(({ text }) => text);

describe("the palette", () => {
  test("ranks the same before a beginning, a word, a part, and letters in order", () => {
    expect(found("load", "l-o-a-d", "reload", "pre-load", "loader", "Load", "other")).toEqual([
      "Load",
      "loader",
      "pre-load",
      "reload",
      "l-o-a-d",
    ]);
  });

  test("wants every word, and takes signs for signs", () => {
    expect(found("shop run", "shop", "run of shop", "shop runs")).toEqual(["run of shop", "shop runs"]);
    expect(found("a.*b", "a-b", "a.*b")).toEqual(["a.*b"]);
    expect(found("  ", "b", "a")).toEqual(["b", "a"]);
    expect(found("x".repeat(9), "x")).toEqual([]);
  });

  test("shows few of many", () => {
    expect(found("a", ...Array.from({ length: 100 }, (_, index) => `a${index}`))).toHaveLength(20);
  });

  test("knows the digits of a key", () => {
    expect(findKeyDigits(" 41D0ab ")).toBe("41d0ab");
    expect(findKeyDigits("41d0a")).toBeUndefined();
    expect(findKeyDigits("cafe shop")).toBeUndefined();
    expect(findKeyDigits("a".repeat(65))).toBeUndefined();
  });
});
