import { checkEntryKey, coversSelection, readEntryPattern, selectsEntry } from "@memodag/core";
import { describe, expect, it } from "vitest";

describe("the key of an entry", () => {
  it.each([
    ["", "is empty"],
    ["/x", "starts with a slash"],
    ["a//b", "has an empty part"],
    ["a/", "has an empty part"],
    ["../x", 'has a part "." or ".."'],
    ["a/./b", 'has a part "." or ".."'],
    ["a\u0000b", "has a control character"],
    ["a\nb", "has a control character"],
    ["\uD800", "has a lone surrogate"],
    ["x".repeat(1_100), "is 1100 bytes long"],
    ["é".repeat(513), "is 1026 bytes long"],
  ])("%j is refused, with the reason and a rule", (key, problem) => {
    expect(() => checkEntryKey(key)).toThrow(
      expect.objectContaining({ code: "entry_key_invalid", message: expect.stringContaining(problem) }),
    );
    expect(() => checkEntryKey(key)).toThrow(/use parts separated by single slashes/);
  });

  it("is the same in both Unicode normal forms", () => {
    expect(checkEntryKey("caf\u0065\u0301")).toBe(checkEntryKey("caf\u00e9"));
  });

  it.each(["a", "a/b.png", "..a", "a..", " ", "%2e%2e", "x".repeat(1_024), "\u{1F600}/+ ?#&"])(
    "%j is taken as it is",
    (key) => expect(checkEntryKey(key)).toBe(key),
  );
});

describe("a pattern of entries", () => {
  it.each([
    ["grid", ["grid"], ["grid/1", "gri"]],
    ["tiles/*", ["tiles/1"], ["tiles", "tiles/1/2", "tiles2/1"]],
    ["tiles/**", ["tiles/1", "tiles/1/2"], ["tiles", "tiles2/1"]],
    ["*", ["a"], ["a/b"]],
    ["**", ["a", "a/b"], []],
  ])("%s selects the keys that it says", (pattern, selected, others) => {
    const selection = readEntryPattern(pattern);
    for (const key of selected) expect(selectsEntry(selection, key)).toBe(true);
    for (const key of others) expect(selectsEntry(selection, key)).toBe(false);
  });

  it.each([
    ["tiles/**", "tiles/*", true],
    ["tiles/*", "tiles/**", false],
    ["tiles/*", "tiles/a/*", false],
    ["tiles/**", "tiles/a/*", true],
    ["**", "tiles/**", true],
    ["tiles/a", "tiles/*", false],
    ["tiles/*", "tiles2/*", false],
  ])("%s covers %s: %s", (outer, inner, expected) => {
    expect(coversSelection(readEntryPattern(outer), readEntryPattern(inner))).toBe(expected);
  });
});
