// Digests of bytes, in whatever way their size has them hashed.

import { expect, test } from "vitest";
import { digestOfBytes, sha256 } from "../src/index.ts";

test.each([0, 1, 300_000, 2 ** 24, 2 ** 24 + 1, 2 ** 24 + 2 ** 20])("%i bytes", async (size) => {
  const bytes = new Uint8Array(size).fill(7);
  expect(await digestOfBytes(bytes)).toBe(sha256(bytes));
});

test("hashing lets others run", async () => {
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 0);
  await digestOfBytes(new Uint8Array(2 ** 27));
  clearInterval(counting);
  expect(turns).toBeGreaterThan(1);
});
