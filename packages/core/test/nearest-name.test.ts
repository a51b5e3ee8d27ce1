import { describe, expect, it } from "vitest";
import { findNearest } from "../src/nearest-name.ts";

describe("findNearest", () => {
  it.each([
    ["paralelism", "parallelism"],
    ["defaultTtl", "default_ttl"],
    ["ulr", "url"],
    ["PENGUINS", "penguins"],
  ])("takes %s for %s", (typo, meant) => {
    expect(findNearest(typo, ["parallelism", "default_ttl", "url", "penguins"])).toBe(meant);
  });

  it("offers nothing that is far away", () => {
    expect(findNearest("colour", ["parallelism", "url"])).toBeUndefined();
    expect(findNearest("", ["url"])).toBeUndefined();
  });
});
