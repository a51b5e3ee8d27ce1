// Which answers with whole values may be made at the same time.

import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { WholeValues } from "../src/limits/whole-values.ts";

const never = new AbortController().signal;

it("two answers with whole values are made at once, and the others in turn, whether those were sent or their clients left", async () => {
  const values = new WholeValues();
  const entered: number[] = [];
  const gone = new AbortController();
  const signals = [never, gone.signal, never, AbortSignal.abort(), never];
  const leaves = signals.map(async (signal, at) => {
    const leave = await values.enter("tasks.xcoms", signal);
    entered.push(at);
    return leave;
  });
  await turn();
  expect(entered).toEqual([0, 1]);
  (await leaves[0])?.();
  (await leaves[0])?.();
  await turn();
  expect(entered).toEqual([0, 1, 2]);
  gone.abort();
  (await leaves[1])?.();
  await turn();
  // Whose client has left while it waited takes no place.
  expect(entered).toEqual([0, 1, 2, 3, 4]);
});

it("answers of other operations wait for none", async () => {
  const values = new WholeValues();
  const leaves = await Promise.all(
    Array.from({ length: 9 }, async () => await values.enter("runs.list", never)),
  );
  expect(leaves).toHaveLength(9);
});
