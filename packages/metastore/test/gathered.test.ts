// Calls that come together are one; one that fails does not fail the others.

import { expect, test } from "vitest";
import { Gathered } from "../src/remote/gathered.ts";

test("calls in one turn, and those that come while a batch is under way, are a batch each", async () => {
  const batches: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const gathered = new Gathered<number, string>(async (items) => {
    batches.push([...items]);
    if (batches.length === 1) await gate.promise;
    return items.map(String);
  });
  const first = [gathered.call(1), gathered.call(2)];
  await new Promise((resolve) => setImmediate(resolve));
  const second = [gathered.call(3), gathered.call(4), gathered.call(5)];
  gate.resolve();
  expect(await Promise.all([...first, ...second])).toEqual(["1", "2", "3", "4", "5"]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  expect(await gathered.call(6)).toBe("6");
});

test("a batch has 100 calls at most", async () => {
  const sizes: number[] = [];
  const gathered = new Gathered<number, number>(async (items) => {
    sizes.push(items.length);
    return items;
  });
  const items = Array.from({ length: 250 }, (_, index) => index);
  expect(await Promise.all(items.map((item) => gathered.call(item)))).toEqual(items);
  expect(sizes).toEqual([100, 100, 50]);
});

test("a call that fails does so alone", async () => {
  const gathered = new Gathered<number, number>(async (items) => {
    if (items.includes(2)) throw new Error("two");
    return items.map((item) => 10 * item);
  });
  const answers = await Promise.allSettled([1, 2, 3].map((item) => gathered.call(item)));
  expect(answers).toEqual([
    { status: "fulfilled", value: 10 },
    { status: "rejected", reason: new Error("two") },
    { status: "fulfilled", value: 30 },
  ]);
  expect(await gathered.call(4)).toBe(40);
});
