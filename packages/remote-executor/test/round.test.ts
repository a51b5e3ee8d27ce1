// Rounds: one at a time, with a rest, until they are closed.

import { ManualClock } from "@memodag/core/testing";
import { expect, test } from "vitest";
import { Round } from "../src/round.ts";

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

test("requests during a round, and for as long after it as it took, share the next one", async () => {
  const clock = new ManualClock(0);
  let rounds = 0;
  const round = new Round(async () => {
    rounds += 1;
    clock.advance(8);
  }, clock);
  round.request();
  await turns();
  round.request();
  round.request();
  clock.advance(7);
  await turns();
  expect(rounds).toBe(1);
  clock.advance(1);
  await turns();
  expect(rounds).toBe(2);
});

test("closing ends the rest", async () => {
  const clock = new ManualClock(0);
  let rounds = 0;
  const round = new Round(async () => {
    rounds += 1;
    clock.advance(8);
  }, clock);
  round.request();
  await turns();
  round.request();
  await round.close();
  expect(rounds).toBe(1);
});
