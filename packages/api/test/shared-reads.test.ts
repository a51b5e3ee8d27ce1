// Which requests one read answers.

import { expect, it } from "vitest";
import { SharedReads } from "../src/live/shared-reads.ts";

/** Reads that end when they are told to; each finds its number. */
function controlled() {
  const begun: PromiseWithResolvers<number>[] = [];
  const begin = async (): Promise<number> => {
    const read = Promise.withResolvers<number>();
    begun.push(read);
    return await read.promise;
  };
  return { begun, begin };
}

it("ten at once cost two reads, and none is answered by one that had begun before it asked", async () => {
  const reads = new SharedReads();
  const { begun, begin } = controlled();
  const first = reads.read("a", begin);
  const others = Array.from({ length: 9 }, () => reads.read("a", begin));
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(0);
  expect(await first).toBe(0);
  await expect.poll(() => begun.length).toBe(2);
  // The second one is under way: who asks now gets a third one.
  const late = reads.read("a", begin);
  begun[1]?.resolve(1);
  expect(await Promise.all(others)).toEqual(Array.from(others, () => 1));
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.resolve(2);
  expect(await late).toBe(2);
  const again = reads.read("a", begin);
  expect(begun).toHaveLength(4);
  begun[3]?.resolve(3);
  expect(await again).toBe(3);
});

it("reads of other names are not shared, and one that fails fails for those alone whom it would have answered", async () => {
  const reads = new SharedReads();
  const { begun, begin } = controlled();
  const first = reads.read("a", begin);
  const second = reads.read("a", begin);
  const other = reads.read("b", begin);
  expect(begun).toHaveLength(2);
  begun[0]?.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await expect.poll(() => begun.length).toBe(3);
  begun[1]?.resolve(1);
  begun[2]?.resolve(2);
  expect(await Promise.all([second, other])).toEqual([2, 1]);
});
