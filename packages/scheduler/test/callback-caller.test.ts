// What is owed, when the database is slow or away and slots are few.

import {
  silentLogger,
  type Attempt,
  type CallbackStore,
  type Clock,
  type DagRun,
  type ExecutorListener,
  type OwedCallback,
} from "@memodag/core";
import { expect, test } from "vitest";
import { AttemptRouter } from "../src/attempts/attempt-router.ts";
import { CallbackCaller } from "../src/callbacks/callback-caller.ts";
import type { VersionGraphs } from "../src/graph/version-graphs.ts";

const nothing = (): undefined => undefined;

function owed(id: string): OwedCallback {
  return {
    id,
    run: {
      team: "t",
      dagId: "d",
      runId: "r",
      runType: "manual",
      dagVersionId: 1,
      logicalDate: null,
      dataIntervalStart: null,
      dataIntervalEnd: null,
      conf: {},
      params: {},
    } as unknown as DagRun,
    begins: 0,
    instance: { taskId: id, mapIndex: -1, tryNumber: 1, maxTries: 1 },
    report: {
      event: "success",
      state: "success",
      cacheStatus: null,
      cacheReason: null,
      cacheReasonCode: null,
      cacheReasonDetail: null,
      error: null,
      durationMs: 1,
      retryAt: null,
    },
  };
}

/** A caller over an executor whose attempts end when a test says, and timers that it fires. */
function room(store: Partial<CallbackStore>, slots = 16) {
  const submitted: Attempt[] = [];
  const timers: (() => void)[] = [];
  let heard: ExecutorListener = { onEvent: nothing, onCapacity: nothing };
  let running = 0;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_ms, callback) => {
      timers.push(callback);
      return () => void timers.splice(timers.indexOf(callback), 1);
    },
  };
  const attempts = new AttemptRouter({
    executor: {
      outlives: false,
      capacity: () => slots - running,
      submit: async (attempt) => {
        running += 1;
        submitted.push(attempt);
        return "accepted";
      },
      adopt: async () => [],
      settle: async () => undefined,
      cancel: async () => undefined,
      listen: (listener) => {
        heard = listener;
      },
      close: async () => undefined,
    },
    clock,
    log: silentLogger,
    onSlotFree: () => caller.wake(),
    maySubmit: () => true,
  });
  const version = { id: 1, file: { bundle: "b", path: "d.ts" }, dag: { artifactDigest: "a", tasks: [] } };
  const caller: CallbackCaller = new CallbackCaller({
    store: {
      listOwners: async () => [],
      claim: async () => [],
      begin: async () => "begun",
      renew: async () => undefined,
      release: async () => undefined,
      remove: async () => undefined,
      ...store,
    },
    attempts,
    graphs: { get: async () => ({ version }) } as unknown as VersionGraphs,
    clock,
    log: silentLogger,
    owner: "me",
    options: { leaseMs: 30_000 },
    newAttemptId: () => `attempt-${submitted.length}-${Math.random()}`,
  });
  const end = (taskId: string, code?: string): void => {
    const attempt = submitted.findLast((one) => one.taskId === taskId);
    running -= 1;
    const error = { code: code ?? "", message: "" };
    const outcome =
      code === undefined
        ? ({ kind: "succeeded", xcoms: [], durationMs: 1, uncacheable: null, packages: [] } as const)
        : ({ kind: "failed", error, durationMs: 1, retryable: true } as const);
    heard.onEvent({ kind: "finished", attemptId: attempt?.attemptId ?? "", outcome });
  };
  const tick = () => new Promise<void>((resolve) => void setImmediate(resolve));
  return { caller, submitted, timers, end, tick, ids: () => submitted.map(({ taskId }) => taskId) };
}

test("four are called at a time, and fewer where there are fewer slots", async () => {
  const wide = room({});
  wide.caller.take(["a", "b", "c", "d", "e", "f"].map(owed));
  await wide.tick();
  expect(wide.ids()).toEqual(["a", "b", "c", "d"]);
  wide.end("b");
  await wide.tick();
  expect(wide.ids()).toEqual(["a", "b", "c", "d", "e"]);

  const narrow = room({}, 1);
  narrow.caller.take(["a", "b"].map(owed));
  await narrow.tick();
  expect(narrow.ids()).toEqual(["a"]);
});

test("what is taken twice is called once", async () => {
  const { caller, tick, ids } = room({});
  caller.take([owed("a")]);
  caller.take([owed("a"), owed("b")]);
  await tick();
  expect(ids()).toEqual(["a", "b"]);
});

test("one that was lost is called again, and one that failed is not", async () => {
  const { caller, timers, end, tick, ids } = room({});
  caller.take([owed("lost"), owed("failed")]);
  await tick();
  end("lost", "attempt_lost");
  end("failed", "callback_failed");
  for (const fire of timers.splice(0)) fire();
  await tick();
  expect(ids()).toEqual(["lost", "failed", "lost"]);
  end("lost");
  await caller.whenIdle();
});

test("closing waits for what is being written down, and gives the rest back", async () => {
  const removing = Promise.withResolvers<void>();
  const released: (readonly string[])[] = [];
  const { caller, end, tick } = room(
    { remove: () => removing.promise, release: async (ids) => void released.push(ids) },
    1,
  );
  caller.take([owed("called"), owed("waiting")]);
  await tick();
  end("called");
  let isClosed = false;
  const closed = caller.close().then(() => {
    isClosed = true;
  });
  await tick();
  expect(isClosed).toBe(false);
  removing.resolve();
  await closed;
  expect(released).toEqual([["waiting"]]);
});

test("what could not be written down is written down with the next renewal, and not called again", async () => {
  const removed: string[] = [];
  let isAway = true;
  const { caller, timers, end, tick, ids } = room({
    remove: async (some) => {
      if (isAway) throw new Error("away");
      removed.push(...some);
    },
  });
  caller.take([owed("a")]);
  await tick();
  end("a");
  await tick();
  expect(removed).toEqual([]);
  isAway = false;
  for (const fire of timers.splice(0)) fire();
  await caller.whenIdle();
  expect(removed).toEqual(["a"]);
  expect(ids()).toEqual(["a"]);
});

test("one that cannot be read is dropped, and those beside it are called", async () => {
  const removed: string[] = [];
  const { caller, end, tick, ids } = room({
    listOwners: async () => ["gone"],
    claim: async () => [{ ...owed("bad"), fault: "its body names no instance and no event" }, owed("good")],
    remove: async (some) => void removed.push(...some),
  });
  caller.start();
  await tick();
  await tick();
  expect(ids()).toEqual(["good"]);
  end("good");
  await caller.whenIdle();
  expect(removed.toSorted()).toEqual(["bad", "good"]);
});
