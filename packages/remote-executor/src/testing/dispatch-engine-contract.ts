// The contract of dispatch engines, as tests that one of any origin can run.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { DispatchNotice } from "../dispatch-engine.ts";
import type { EngineHarness, TestRunner } from "./engine-harness.ts";
import { checkIn, type Check } from "./queue-room.ts";

/** Names that mean something to a queue, a shell, a URL or a key. */
const HOSTILE = [
  "a",
  "a:b",
  "b",
  "b:c",
  "wait",
  "meta",
  "*",
  "{a}",
  "%3A",
  "../a",
  "two words",
  "größe 😀",
  "A",
];

/**
 * Registers the contract of {@link DispatchEngine} as tests. Where workers pull, `describeAttemptFeed` has the rest.
 *
 * @param name of the engine, for the report
 * @example describeDispatchEngine("bullmq", { open: openQueue }, { describe, test });
 */
export function describeDispatchEngine(name: string, harness: EngineHarness, runner: TestRunner): void {
  const check = checkIn(harness, runner);
  runner.describe(`${name} as a dispatch engine`, () => {
    runner.describe("a published attempt", () => describePublishing(check));
    runner.describe("a withdrawn attempt", () => describeWithdrawing(check));
    runner.describe("what is known", () => describeKnowledge(check));
    runner.describe("what is carried", () => describeLoads(check));
  });
}

function describePublishing(check: Check): void {
  check("is taken by a worker that waits, and by one that comes later", async (room) => {
    const engine = await room.openEngine();
    const [first, second] = [room.notice(), room.notice({ queue: "late" })];
    const host = await room.openHost();
    await engine.publish([first]);
    await engine.publish([second]);
    await room.untilTaken(host, [first]);
    const late = await room.openHost({ queues: ["late"] });
    await room.untilTaken(late, [second]);
    await room.untilUnknown(engine, [first, second]);
    deepEqual(host.taken, [first.attemptId]);
  });

  check("that is published again is taken once while the engine has it", async (room) => {
    const engine = await room.openEngine();
    const [attempt, last] = [room.notice({ priority: 2 }), room.notice()];
    await engine.publish([attempt, attempt]);
    await engine.publish([attempt]);
    const host = await room.openHost({ holds: true, concurrency: 2 });
    await room.untilTaken(host, [attempt]);
    await engine.publish([attempt]);
    await engine.publish([last]);
    await room.untilTaken(host, [attempt, last]);
    host.releaseAll();
    await room.untilUnknown(engine, [attempt, last]);
    deepEqual(host.taken, [attempt.attemptId, last.attemptId]);
  });

  check("can be published again when it is over", async (room) => {
    const engine = await room.openEngine();
    const attempt = room.notice();
    const host = await room.openHost();
    await engine.publish([attempt]);
    await room.untilTaken(host, [attempt]);
    await room.untilUnknown(engine, [attempt]);
    await engine.publish([attempt]);
    await room.untilTaken(host, [attempt, attempt]);
  });

  check("stays when the engine that published it is closed", async (room) => {
    const attempt = room.notice();
    const gone = await room.queue.openEngine();
    await gone.publish([attempt]);
    await gone.close();
    const other = await room.openEngine();
    deepEqual(await other.listKnown([attempt]), new Set([attempt.attemptId]));
    await room.untilTaken(await room.openHost(), [attempt]);
  });

  check("none at all changes nothing", async (room) => {
    const engine = await room.openEngine();
    await engine.publish([]);
    await engine.withdraw([]);
    deepEqual(await engine.listKnown([]), new Set());
  });
}

function describeWithdrawing(check: Check): void {
  check("is not taken, and is unknown", async (room) => {
    const [engine, other] = [await room.openEngine(), await room.openEngine()];
    const [first, second, third, last] = room.notices(4, { priority: 2 }) as [
      DispatchNotice,
      DispatchNotice,
      DispatchNotice,
      DispatchNotice,
    ];
    await engine.publish([first, second, third]);
    await engine.withdraw([first]);
    // Another scheduler may have taken over the run.
    await other.withdraw([third]);
    deepEqual(await engine.listKnown([first, second, third]), new Set([second.attemptId]));
    await engine.publish([{ ...last, priority: 1 }]);
    const host = await room.openHost();
    await room.untilTaken(host, [second, last]);
  });

  check("that runs goes on", async (room) => {
    const engine = await room.openEngine();
    const attempt = room.notice();
    const host = await room.openHost({ holds: true });
    await engine.publish([attempt]);
    await room.untilTaken(host, [attempt]);
    await engine.withdraw([attempt, room.notice()]);
    deepEqual(host.running, [attempt.attemptId]);
    host.release(attempt);
    await room.untilUnknown(engine, [attempt]);
    deepEqual(host.taken, [attempt.attemptId]);
  });

  check("can be published again", async (room) => {
    const engine = await room.openEngine();
    const attempt = room.notice();
    await engine.publish([attempt]);
    await engine.withdraw([attempt]);
    await engine.publish([attempt]);
    await room.untilTaken(await room.openHost(), [attempt]);
  });
}

function describeKnowledge(check: Check): void {
  check("is what waits and what is taken, not what is over or was never published", async (room) => {
    const engine = await room.openEngine();
    const [over, taken, waiting, never] = [
      room.notice({ queue: "quick" }),
      room.notice(),
      room.notice(),
      room.notice(),
    ];
    const quick = await room.openHost({ queues: ["quick"] });
    const host = await room.openHost({ holds: true });
    await engine.publish([over, taken]);
    await room.untilTaken(quick, [over]);
    await room.untilTaken(host, [taken]);
    await engine.publish([waiting]);
    await room.untilUnknown(engine, [over]);
    const known = await engine.listKnown([over, taken, waiting, never]);
    deepEqual(known, new Set([taken.attemptId, waiting.attemptId]));
  });

  check(
    "is nothing after the queue has lost everything, and what is published then is taken",
    async (room) => {
      const engine = await room.openEngine();
      const host = await room.openHost({ holds: true });
      const running = room.notice();
      const waiting = room.notices(3);
      await engine.publish([running]);
      await room.untilTaken(host, [running]);
      await engine.publish(waiting);
      await room.queue.flush();
      await room.untilUnknown(engine, [running, ...waiting]);
      await engine.publish(waiting);
      equal((await engine.listKnown(waiting)).size, 3);
      const other = await room.openHost({ concurrency: 3 });
      host.release(running);
      await room.until("all are taken", () => {
        host.releaseAll();
        return host.taken.length + other.taken.length >= 4;
      });
      const all = [...host.taken, ...other.taken].toSorted();
      deepEqual(all, [running, ...waiting].map(({ attemptId }) => attemptId).toSorted());
    },
  );
}

function describeLoads(check: Check): void {
  check("1,000 at once: each is taken once", async (room) => {
    const engine = await room.openEngine();
    const queues = ["one", "two", "three"];
    const notices = Array.from({ length: 1_000 }, (_, index) =>
      room.notice({ queue: queues[index % 3] ?? "one", priority: 1 + (index % 7) }),
    );
    await engine.publish(notices);
    equal((await engine.listKnown(notices)).size, 1_000);
    const host = await room.openHost({ queues, concurrency: 20 });
    await room.untilTaken(host, notices);
    await room.untilUnknown(engine, notices);
    ok(host.peak <= 20, "no more than its places");
    equal(host.taken.length, 1_000);
  });

  check("each name as it is, and each queue apart", async (room) => {
    const engine = await room.openEngine();
    const notices = HOSTILE.map((name) =>
      room.notice({ queue: name, team: name, dagId: name, taskId: name }),
    );
    await engine.publish(notices);
    equal((await engine.listKnown(notices)).size, HOSTILE.length);
    for (const [index, notice] of notices.entries()) {
      const host = await room.openHost({ queues: [notice.queue], concurrency: HOSTILE.length });
      await room.untilTaken(host, [notice]);
      await host.close();
      deepEqual(host.taken, [notice.attemptId]);
      const later = notices.slice(index + 1);
      equal((await engine.listKnown(later)).size, later.length);
    }
    await room.untilUnknown(engine, notices);
  });

  check("nothing besides what a notice has", async (room) => {
    const engine = await room.openEngine();
    const notice = { ...room.notice(), args: "THE-ARGUMENT", token: "THE-TOKEN" };
    await engine.publish([notice]);
    const dump = await room.queue.dump();
    ok(dump.includes(notice.attemptId), "the dump shows what is stored");
    ok(!/THE-ARGUMENT|THE-TOKEN/.test(dump), "nothing else is stored");
  });
}
