import { silentLogger } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { expect, test } from "vitest";
import type { DispatchNotice } from "../src/dispatch-engine.ts";
import { Publisher } from "../src/publisher.ts";

const NOTICE: DispatchNotice = {
  attemptId: "a",
  queue: "gpu",
  priority: 7,
  team: "ml",
  dagId: "d",
  taskId: "t",
};

/** A publisher over a queue that can be away, and a database where everything has waited for long. */
function open() {
  const clock = new ManualClock(0);
  const queue = { isAway: false, has: new Set<string>(), published: [] as DispatchNotice[] };
  const answer = <T>(value: T): Promise<T> =>
    queue.isAway ? Promise.reject(new Error("away")) : Promise.resolve(value);
  const publisher = new Publisher({
    engine: {
      async publish(notices) {
        await answer(undefined);
        queue.published.push(...notices);
      },
      withdraw: () => answer(undefined),
      listKnown: () => answer(queue.has),
      close: async () => undefined,
    },
    store: {
      listWaiting: async (attemptIds) =>
        attemptIds.map((attemptId) => ({ ...NOTICE, attemptId, state: "waiting", worker: null })),
    },
    clock,
    log: silentLogger,
  });
  return { clock, queue, publisher };
}

test("a queue that is away fails no look at the database, and gets what it missed later", async () => {
  const { clock, queue, publisher } = open();
  publisher.add(NOTICE);
  queue.isAway = true;
  await publisher.publish([NOTICE]);
  await publisher.publishMissed();
  expect(queue.published).toEqual([]);
  queue.isAway = false;
  await clock.advance(2_000);
  expect(queue.published).toEqual([NOTICE]);
});

test("what the queue has, or a worker, is not published again", async () => {
  const { clock, queue, publisher } = open();
  for (const attemptId of ["kept", "taken", "lost"]) publisher.add({ ...NOTICE, attemptId });
  queue.has.add("kept");
  publisher.delete("taken");
  await publisher.publishMissed();
  expect(queue.published.map(({ attemptId }) => attemptId)).toEqual(["lost"]);
  await publisher.publishMissed();
  await clock.advance(15_000);
  expect(queue.published).toHaveLength(1);
  await publisher.publishMissed();
  expect(queue.published).toHaveLength(2);
});

test("what a worker took while the queue was away is not published then", async () => {
  const { clock, queue, publisher } = open();
  publisher.add(NOTICE);
  queue.isAway = true;
  await publisher.publish([NOTICE]);
  publisher.delete(NOTICE.attemptId);
  queue.isAway = false;
  await clock.advance(2_000);
  expect(queue.published).toEqual([]);
});
