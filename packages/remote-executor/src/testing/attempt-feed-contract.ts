// The contract of the feeds that workers pull from, as tests that one of any origin can run.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { EngineHarness, TestRunner } from "./engine-harness.ts";
import { checkIn, type Check } from "./queue-room.ts";

/** So many attempts of one queue may run before one of another has its turn. */
const MOST_OF_BUSY = 1_000;

/**
 * Registers the contract of {@link AttemptFeed} as tests.
 *
 * @param name of the engine, for the report
 * @example describeAttemptFeed("bullmq", { open: openQueue }, { describe, test });
 */
export function describeAttemptFeed(name: string, harness: EngineHarness, runner: TestRunner): void {
  const check = checkIn(harness, runner);
  runner.describe(`${name} as a feed of attempts`, () => {
    runner.describe("the order", () => describeOrder(check));
    runner.describe("the places of a host", () => describePlaces(check));
    runner.describe("an attempt that is refused", () => describeRefusals(check));
    runner.describe("what waits", () => describeWaiting(check));
    runner.describe("closing", () => describeClosing(check));
  });
}

function describeOrder(check: Check): void {
  check("is that of priorities, and of publishing among equal ones", async (room) => {
    const engine = await room.openEngine();
    const priorities = [1, 5, 999_999, 5, 1_000_000, 1, 6];
    const notices = priorities.map((priority) => room.notice({ priority }));
    for (const notice of notices) await engine.publish([notice]);
    const host = await room.openHost();
    await room.untilTaken(host, notices);
    const expected = [4, 2, 6, 1, 3, 0, 5].map((index) => notices[index]?.attemptId);
    deepEqual(host.taken, expected);
  });

  check("is that of priorities also for what comes later", async (room) => {
    const engine = await room.openEngine();
    const host = await room.openHost({ holds: true });
    const [first, low, high] = [
      room.notice({ priority: 3 }),
      room.notice({ priority: 1 }),
      room.notice({ priority: 9 }),
    ];
    await engine.publish([first]);
    await room.untilTaken(host, [first]);
    await engine.publish([low]);
    await engine.publish([high]);
    for (const notice of [first, high]) {
      await room.until("it runs", () => host.running.includes(notice.attemptId));
      host.release(notice);
    }
    await room.untilTaken(host, [first, high, low]);
    deepEqual(host.taken, [first.attemptId, high.attemptId, low.attemptId]);
  });
}

function describeWaiting(check: Check): void {
  check("is found where it is, if the feed can tell", async (room) => {
    const engine = await room.openEngine();
    const host = await room.openHost({ concurrency: 1, holds: true });
    const [first, second] = [room.notice(), room.notice()];
    if ((await host.lookFor(first)) === undefined) return;
    equal(await host.lookFor(first), "absent");
    await engine.publish([first]);
    await room.untilTaken(host, [first]);
    const other = await room.openHost({ queues: ["another", "default"], concurrency: 1, holds: true });
    await engine.publish([second]);
    await room.untilTaken(other, [second]);
    const third = room.notice();
    await engine.publish([third]);
    equal(await host.lookFor(third), "here");
    host.release(first);
    await room.untilTaken(host, [first, third]);
    host.release(third);
    await room.until("it is over", async () => (await host.lookFor(third)) === "absent");
  });
}

function describePlaces(check: Check): void {
  check("are for its queues alone", async (room) => {
    const engine = await room.openEngine();
    const [gpu, other] = [room.notice({ queue: "gpu" }), room.notice()];
    await engine.publish([gpu]);
    const host = await room.openHost();
    await engine.publish([other]);
    await room.untilTaken(host, [other]);
    deepEqual(await engine.listKnown([gpu]), new Set([gpu.attemptId]));
    await room.untilTaken(await room.openHost({ queues: ["gpu"] }), [gpu]);
    deepEqual(host.taken, [other.attemptId]);
  });

  check("are shared by all its queues", async (room) => {
    const engine = await room.openEngine();
    const queues = ["a", "b", "c"];
    const notices = queues.flatMap((queue) => room.notices(10, { queue }));
    await engine.publish(notices);
    const host = await room.openHost({ queues, concurrency: 2 });
    await room.untilTaken(host, notices);
    await room.untilUnknown(engine, notices);
    equal(host.peak, 2);
    equal(host.taken.length, 30);
  });

  check("that are taken leave a surplus to other hosts", async (room) => {
    const engine = await room.openEngine();
    const host = await room.openHost({ queues: ["a", "b"], holds: true });
    const running = room.notice({ queue: "a" });
    const surplus = room.notices(3, { queue: "b" });
    await engine.publish([running]);
    await room.untilTaken(host, [running]);
    await engine.publish(surplus);
    const other = await room.openHost({ queues: ["b"] });
    await room.untilTaken(other, surplus);
    deepEqual(host.taken, [running.attemptId]);
    host.release(running);
    const next = room.notice({ queue: "b" });
    await other.close();
    await engine.publish([next]);
    await room.untilTaken(host, [running, next]);
  });

  check("come to a queue also when another one never ends", async (room) => {
    const engine = await room.openEngine();
    const [first, rare] = [room.notice({ queue: "busy" }), room.notice({ queue: "rare" })];
    const host = await room.openHost({
      queues: ["busy", "rare"],
      before: async () => {
        if (host.taken.includes(rare.attemptId) || host.taken.length >= MOST_OF_BUSY) return;
        if (host.taken.length === 3) await engine.publish([rare]);
        await engine.publish(room.notices(2, { queue: "busy", priority: 9 }));
      },
    });
    await engine.publish([first]);
    await room.until("it has its turn", () => host.taken.includes(rare.attemptId));
    ok(host.taken.indexOf(rare.attemptId) < MOST_OF_BUSY, "before the other queue has ended");
  });

  check("of two hosts are both used", async (room) => {
    const engine = await room.openEngine();
    const hosts = [await room.openHost({ holds: true }), await room.openHost({ holds: true })];
    const notices = room.notices(3);
    await engine.publish(notices);
    await room.until("both run one", () => hosts.every(({ running }) => running.length === 1));
    for (const host of hosts) host.releaseAll();
    await room.until("all are taken", () => hosts.flatMap(({ taken }) => taken).length === 3);
    deepEqual(
      hosts.flatMap(({ taken }) => taken).toSorted(),
      notices.map(({ attemptId }) => attemptId).toSorted(),
    );
  });
}

function describeRefusals(check: Check): void {
  check("is offered again, to the same host or to another", async (room) => {
    const engine = await room.openEngine();
    const attempt = room.notice();
    let refusals = 0;
    const refuse = async (): Promise<void> => {
      refusals += 1;
      if (refusals < 3) throw new Error("the worker API is away");
    };
    const hosts = [await room.openHost({ before: refuse }), await room.openHost({ before: refuse })];
    await engine.publish([attempt]);
    await room.until("it is taken", () => hosts.some(({ taken }) => taken.length > 0));
    await room.untilUnknown(engine, [attempt]);
    deepEqual(
      hosts.flatMap(({ taken }) => taken),
      [attempt.attemptId],
    );
    equal(refusals, 3);
  });

  check("is known, and leaves its place to others", async (room) => {
    const engine = await room.openEngine();
    const [refused, other] = [room.notice({ priority: 9 }), room.notice()];
    let isRefused = true;
    const host = await room.openHost({
      before: async (attemptId) => {
        if (isRefused && attemptId === refused.attemptId) throw new Error("not yet");
      },
    });
    await engine.publish([refused, other]);
    await room.until("the other is taken", () => host.taken.includes(other.attemptId));
    deepEqual(await engine.listKnown([refused]), new Set([refused.attemptId]));
    isRefused = false;
    await room.untilTaken(host, [other, refused]);
  });
}

function describeClosing(check: Check): void {
  check("takes nothing more, and waits for what runs", async (room) => {
    const engine = await room.openEngine();
    const host = await room.openHost({ holds: true, concurrency: 2, queues: ["default", "other"] });
    const running = room.notice();
    await engine.publish([running]);
    await room.untilTaken(host, [running]);
    let isClosed = false;
    const closed = Promise.all([host.close(), host.close()]).then(() => (isClosed = true));
    const later = [room.notice(), room.notice({ queue: "other" })];
    await engine.publish(later);
    const next = await room.openHost({ queues: ["default", "other"] });
    await room.untilTaken(next, later);
    equal(isClosed, false);
    host.release(running);
    await closed;
    await room.untilUnknown(engine, [running, ...later]);
    deepEqual(host.taken, [running.attemptId]);
  });

  check("is possible at once, before anything was taken", async (room) => {
    const engine = await room.openEngine();
    const host = await room.openHost();
    await host.close();
    const attempt = room.notice();
    await engine.publish([attempt]);
    await room.untilTaken(await room.openHost(), [attempt]);
    deepEqual(host.taken, []);
  });
}
