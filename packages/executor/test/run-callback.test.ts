// Callbacks, each in a real worker.

import type { Attempt, CallbackReport } from "@memodag/core";
import { expect, it } from "vitest";
import { Bell, ringSource } from "./bell.ts";
import { ExecutorRoom, failed } from "./executor-room.ts";
import { ManualClock } from "@memodag/core/testing";

const FAILURE: CallbackReport = {
  event: "failure",
  state: "failed",
  cacheStatus: "miss",
  cacheReason: "waiting for a[1] of run r",
  cacheReasonCode: "waiting",
  cacheReasonDetail: { what: "a[1] of run r" },
  error: { code: "task_failed", message: "no rows" },
  durationMs: 12,
  retryAt: null,
};

const taskWith = (callback: string): string =>
  `dag.task("it", async () => 1, { retries: 1, onFailure: ${callback} })();`;

function callbackOf(report: CallbackReport, overrides: Partial<Attempt> = {}): Partial<Attempt> {
  return { callback: report, ...overrides };
}

it("a callback is told how the task stands, and finds what its run has", async () => {
  await using room = new ExecutorRoom({
    queries: {
      findXCom: async (_attempt, { taskId, key }) => Buffer.from(JSON.stringify(`${taskId}.${key}`)),
      findVariable: async () => undefined,
    },
  });
  const { attempt, finished } = room.submit(
    taskWith(`async (context) => {
      const { event, error, taskInstance, params, dagRun, log, xcom } = context;
      const { state, cacheStatus, cacheReason, cacheReasonCode, cacheReasonDetail, tryNumber } = taskInstance;
      const { maxTries, mapIndex, durationMs, retryAt } = taskInstance;
      console.log(JSON.stringify([event, error, state, cacheStatus, cacheReason,
        cacheReasonCode, cacheReasonDetail, tryNumber, maxTries, mapIndex,
        durationMs, retryAt, params.species, dagRun.conf.region, getContext() === context,
        await xcom.pull({ key: "partial" })]));
      try { xcom.push("late", 1); } catch (thrown) { log.warn(thrown.code); }
    }`),
    callbackOf(FAILURE),
  );
  expect(await finished).toMatchObject({ kind: "succeeded" });
  const log = room.log(attempt);
  expect(log).toContain(
    JSON.stringify([
      "failure",
      FAILURE.error,
      "failed",
      "miss",
      FAILURE.cacheReason,
      FAILURE.cacheReasonCode,
      FAILURE.cacheReasonDetail,
      1,
      1,
      -1,
      12,
      null,
      "Adelie",
      "eu",
      true,
      "it.partial",
    ]),
  );
  expect(log).toContain("WARN  context_unavailable");
  expect(log).toMatch(/INFO +the failure callback ended in \d+ms/);
});

it("a callback of a command is called, too", async () => {
  await using room = new ExecutorRoom();
  const { attempt, finished } = room.submit(
    `dag.command("it", { command: ["false"], onFailure: ({ task }) => console.log("heard of", task.taskId) })();`,
    callbackOf(FAILURE),
  );
  expect(await finished).toMatchObject({ kind: "succeeded" });
  expect(room.log(attempt)).toContain("heard of it");
});

it.each([
  ["throws", `() => { throw new RangeError("no such channel"); }`, "callback_failed: no such channel"],
  ["rejects later", `async () => { await null; throw new Error("late"); }`, "callback_failed: late"],
  ["exits", `() => process.exit(3)`, "exited with code 3"],
  ["is killed", `() => { process.kill(process.pid, "SIGKILL"); for (;;); }`, "killed by SIGKILL"],
])("a callback that %s fails by itself, and the log says so", async (_name, callback, message) => {
  await using room = new ExecutorRoom();
  const { attempt, finished } = room.submit(taskWith(callback), callbackOf(FAILURE));
  failed(await finished);
  expect(room.log(attempt)).toMatch(/WARN +the failure callback failed after .* \(the task stays failed\)/s);
  expect(room.log(attempt)).toContain(message);
});

it("a callback that hangs is asked to stop, then killed", async () => {
  const clock = new ManualClock();
  await using room = new ExecutorRoom({ clock });
  const bell = await Bell.hang(room.root);
  const { finished } = room.submit(
    `${ringSource(bell.path)}
     ${taskWith(`async ({ signal }) => {
       signal.addEventListener("abort", () => void ring("asked"));
       await ring("up");
       await new Promise(() => setInterval(() => {}, 1e6));
     }`)}`,
    callbackOf(FAILURE, { executionTimeoutMs: 10_000 }),
  );
  const { gone } = await bell.rung("up");
  clock.advance(10_000);
  await bell.rung("asked");
  clock.advance(2_000);
  expect(failed(await finished)).toEqual({
    code: "callback_failed",
    message: expect.stringContaining("ran longer than [scheduler] callback_timeout of 10s"),
  });
  await gone;
  bell.unhang();
});

it("a callback that the file does not have any more is missing in words", async () => {
  await using room = new ExecutorRoom();
  const outcome = await room.run(`dag.task("it", async () => 1)();`, callbackOf(FAILURE));
  expect(failed(outcome)).toEqual({
    code: "callback_failed",
    message: expect.stringContaining('Task "it" has no onFailure when a worker reads its Dag file'),
  });
});
