// Values that an attempt refers to, when their store is away or they are gone.

import { systemClock, type Clock } from "@memodag/core";
import { expect, it } from "vitest";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

const BODY = `dag.task("it", async ({ up }) => up)({});`;

/** A clock whose waits are short, and whose time passes as fast as they do. */
function hurriedClock(): Clock {
  let skippedMs = 0;
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() + skippedMs,
    after: (ms, callback) => {
      const isPause = ms >= 500 && ms <= 15_000;
      return systemClock.after(isPause ? 1 : ms, () => {
        if (isPause) skippedMs += ms;
        callback();
      });
    },
  };
}

function inputOf(room: ExecutorRoom, value: unknown) {
  const args = [["up", { kind: "result", taskId: "up", path: [] }]] as const;
  return { args, results: [["up", room.input(value)]] as const };
}

it("waits for a store that is away, and then runs", async () => {
  await using room = new ExecutorRoom({ clock: hurriedClock() });
  const read = room.readValues;
  let calls = 0;
  room.readValues = async () => {
    calls += 1;
    if (calls < 3) throw new Error("connection refused");
    return await read();
  };
  expect(returned(await room.run(BODY, inputOf(room, { a: 1 })))).toEqual({ a: 1 });
  expect(calls).toBe(3);
});

it("is lost, and spends no try, where the store stays away", async () => {
  await using room = new ExecutorRoom({ clock: hurriedClock() });
  room.readValues = () => Promise.reject(new Error("connection refused"));
  const outcome = await room.run(BODY, inputOf(room, 1));
  expect(failed(outcome)).toMatchObject({
    code: "attempt_lost",
    message: expect.stringContaining("refused"),
  });
  expect(room.events.map(({ kind }) => kind)).toEqual(["finished"]);
});

it("ends while it waits for a store when it is cancelled", async () => {
  await using room = new ExecutorRoom();
  const asked = Promise.withResolvers<void>();
  room.readValues = () => {
    asked.resolve();
    return Promise.reject(new Error("connection refused"));
  };
  const { attempt, finished } = room.submit(BODY, inputOf(room, 1));
  await asked.promise;
  await room.executor.cancel(attempt.attemptId, { code: "task_cancelled", message: "not wanted" });
  expect(failed(await finished)).toEqual({ code: "task_cancelled", message: "not wanted" });
});

it("is lost, and spends no try, where the store gives no answer", async () => {
  await using room = new ExecutorRoom({ diskPatienceMs: 2_000 });
  room.readValues = () => new Promise(() => {});
  expect(failed(await room.run(BODY, inputOf(room, 1)))).toMatchObject({
    code: "attempt_lost",
    message: expect.stringContaining("no answer within 2s"),
  });
});

it("ends when it is cancelled while the store gives no answer", async () => {
  await using room = new ExecutorRoom();
  const asked = Promise.withResolvers<void>();
  room.readValues = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  const { attempt, finished } = room.submit(BODY, inputOf(room, 1));
  await asked.promise;
  await room.executor.cancel(attempt.attemptId, { code: "task_cancelled", message: "not wanted" });
  expect(failed(await finished)).toEqual({ code: "task_cancelled", message: "not wanted" });
});

it("fails for good where a value is gone", async () => {
  await using room = new ExecutorRoom();
  room.readValues = async () => new Map();
  const outcome = await room.run(BODY, inputOf(room, 1));
  expect(outcome).toMatchObject({ kind: "failed", retryable: false, error: { code: "xcom_not_found" } });
});
