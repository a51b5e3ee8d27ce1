// The queue of a host: opened again, given up, and never more attempts at once than places.

import { silentLogger, type MemodagError } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import type { AttemptFeed, AttemptPlace, TakeAttempt } from "@memodag/remote-executor";
import { beforeEach, expect, test } from "vitest";
import { WatchedFeed } from "../src/watched-feed.ts";

const LONG = { attemptId: "a", queue: "gpu", waitMs: 12_000 };

let clock: ManualClock;
let opened: { readonly take: TakeAttempt; isClosed: boolean }[];
let place: AttemptPlace | Error;
let deaf: MemodagError[];
let ends: Map<string, () => void>;
let feed: WatchedFeed;

beforeEach(async () => {
  clock = new ManualClock();
  [opened, place, deaf, ends] = [[], "here", [], new Map()];
  feed = new WatchedFeed({
    open: async (take): Promise<AttemptFeed> => {
      const one = { take, isClosed: false };
      opened.push(one);
      return {
        lookFor: async () => {
          if (place instanceof Error) throw place;
          return place;
        },
        close: async () => void (one.isClosed = true),
      };
    },
    take: (attemptId) => new Promise((resolve) => ends.set(attemptId, resolve)),
    concurrency: 2,
    clock,
    log: silentLogger,
    onDeaf: (error) => deaf.push(error),
  });
  await feed.open();
});

async function beat(times = 1, wait: Parameters<WatchedFeed["look"]>[0] = LONG): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    await clock.advance(5_000);
    await feed.look(wait);
  }
}

test("is opened again, and given up with what was seen", async () => {
  await beat(2);
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  await beat(2);
  expect(opened).toHaveLength(2);
  expect(deaf.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^worker_deaf .*queue gpu has waited for 12s.*2 places free/),
  ]);
});

test("is left alone while the API says that nothing waits, or the queue is away or empty", async () => {
  await beat(9, null);
  place = new Error("away");
  await beat(9);
  place = "absent";
  await beat(9);
  expect([opened.length, deaf.length]).toEqual([1, 0]);
});

test("takes no more than it has places for, of those that were opened before too", async () => {
  const before = opened[0]!.take("one");
  await beat(3);
  await beat(9);
  expect(deaf).toEqual([]);
  const later = opened.at(-1)!.take("two");
  expect(feed.freePlaces).toBe(0);
  await expect(opened.at(-1)!.take("three")).rejects.toMatchObject({ code: "attempt_lost" });
  for (const end of ends.values()) end();
  await Promise.all([before, later]);
  expect(feed.freePlaces).toBe(2);
  await feed.close();
  expect([feed.freePlaces, opened.every(({ isClosed }) => isClosed)]).toEqual([0, true]);
});

test("takes nothing while it is paused, however often, and what it has given goes on", async () => {
  const running = opened[0]!.take("one");
  feed.pause();
  feed.pause();
  await expect.poll(() => opened.map(({ isClosed }) => isClosed)).toEqual([true]);
  expect(feed.freePlaces).toBe(0);
  await beat(9);
  feed.resume();
  feed.resume();
  await expect.poll(() => opened.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  expect([feed.freePlaces, deaf]).toEqual([1, []]);
  ends.get("one")?.();
  await running;
  feed.pause();
  feed.resume();
  feed.pause();
  await feed.close();
  feed.resume();
  expect([feed.freePlaces, opened.every(({ isClosed }) => isClosed)]).toEqual([0, true]);
});
