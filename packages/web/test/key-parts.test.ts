import { expect, test } from "vitest";
import { keyPartsOf } from "../src/cache/key-parts.ts";

test("the parts of a key are shown where they may be, and else by their digests", () => {
  const components = {
    v: 1,
    team: "ml",
    dag: "shop",
    task: "load",
    source: "7be1",
    inputs: { depth: "d1", constructor: "d2" },
    shown: { depth: "4" },
    context: { "params.seed": "d3" },
    env: {},
    version: null,
  } as const;
  expect(keyPartsOf(components as unknown as Parameters<typeof keyPartsOf>[0])).toEqual([
    { kind: "input", name: "depth", value: "4" },
    { kind: "input", name: "constructor", value: "d2" },
    { kind: "context", name: "params.seed", value: "d3" },
    { kind: "source", name: "", value: "7be1" },
  ]);
});
