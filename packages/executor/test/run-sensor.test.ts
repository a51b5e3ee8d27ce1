// Sensors in real processes: one that asks and waits, and one that ends in between.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttemptSensor } from "@memodag/core";
import { expect, it } from "vitest";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

const SENSOR: AttemptSensor = {
  mode: "poke",
  pokeIntervalMs: 5,
  timeoutMs: 60_000,
  softFail: false,
  exponentialBackoff: false,
  maxWaitMs: null,
  waitedMs: 0,
};

const POKE = `import { existsSync } from "node:fs";
  dag.sensor("it", async () =>
    existsSync("there") ? { done: true, value: process.pid } : { done: false })();`;

it("in mode poke waits in its process until what it looks for is there", async () => {
  await using room = new ExecutorRoom();
  const { started, finished } = room.submit(
    `let pokes = 0;
     dag.sensor("it", () => (pokes += 1) > 3 && { done: true, value: [process.pid, pokes] })();`,
    { sensor: SENSOR },
  );
  const { pid } = await started;
  expect(returned(await finished)).toEqual([pid, 4]);
});

it("in mode reschedule ends after it has asked, and says when to ask again", async () => {
  await using room = new ExecutorRoom();
  const sensor = { ...SENSOR, mode: "reschedule", pokeIntervalMs: 30_000 } as const;
  const first = room.submit(POKE, { sensor });
  expect(await first.finished).toEqual({
    kind: "rescheduled",
    afterMs: 30_000,
    durationMs: expect.any(Number),
  });
  expect(room.log(first.attempt)).toMatch(/condition not met after \d+ms: next poke in 30s/);
  writeFileSync(join(room.bundleDir, "there"), "");
  const second = room.submit(POKE, { sensor });
  const { pid } = await second.started;
  expect(returned(await second.finished)).toBe(pid);
});

it("fails for good when its time is over, and may be tried again after an error of its own", async () => {
  await using room = new ExecutorRoom();
  const late = await room.run(POKE, { sensor: { ...SENSOR, timeoutMs: 10 } });
  expect(late).toMatchObject({ kind: "failed", retryable: false });
  expect(failed(late).code).toBe("sensor_timeout");
  const broken = await room.run(`dag.sensor("it", () => { throw new Error("no network"); })();`, {
    sensor: SENSOR,
  });
  expect(broken).toMatchObject({ retryable: true, error: { code: "task_failed", message: "no network" } });
});

it("stops waiting when its attempt is ended", async () => {
  await using room = new ExecutorRoom({ killGraceMs: 60_000 });
  const sensor = { ...SENSOR, pokeIntervalMs: 3_600_000 };
  const outcome = await room.run(POKE, { sensor, executionTimeoutMs: 500 });
  expect(failed(outcome).code).toBe("task_timeout");
});
