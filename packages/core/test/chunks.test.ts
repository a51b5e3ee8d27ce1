import { expect, it } from "vitest";
import { chunksOf } from "../src/chunks.ts";

it.each([
  [[], 2, []],
  [[1], 2, [[1]]],
  [[1, 2], 2, [[1, 2]]],
  [[1, 2, 3], 2, [[1, 2], [3]]],
])("splits %j by %d", (items, size, chunks) => {
  expect([...chunksOf(items, size)]).toEqual(chunks);
});
