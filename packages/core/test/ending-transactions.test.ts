// Which transactions end together.

import { endingWith, type SerializedTransaction } from "@memodag/core";
import { expect, it } from "vitest";

function declared(
  transactionId: string,
  commit: SerializedTransaction["commit"],
  parent?: string,
): SerializedTransaction {
  return { transactionId, taskIds: [], commit, ...(parent !== undefined && { parent }) };
}

it("lazy transactions end with the outermost lazy one around them, eager ones by themselves", () => {
  const decided = { taskId: "last", path: [] };
  expect([
    ...endingWith([
      declared("a", "lazy"),
      declared("a.b", decided, "a"),
      declared("a.b.c", "lazy", "a.b"),
      declared("a.e", "eager", "a"),
      declared("a.e.f", "lazy", "a.e"),
      declared("a.e.f.g", "lazy", "a.e.f"),
      declared("h", decided),
    ]),
  ]).toEqual([
    ["a", "a"],
    ["a.b", "a"],
    ["a.b.c", "a"],
    ["a.e", "a.e"],
    ["a.e.f", "a.e.f"],
    ["a.e.f.g", "a.e.f"],
    ["h", "h"],
  ]);
});
