// Workers that are stopped, and workers that merely look it.

import { spawnSync } from "node:child_process";
import { setTimeout as rest } from "node:timers/promises";
import { expect, it } from "vitest";
import { Bell, ringSource } from "./bell.ts";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";
import { ManualClock } from "@memodag/core/testing";

const FOR_EVER = "await new Promise(() => setInterval(() => {}, 1e6));";

/** Sends a signal and resolves when the process is in the state that it leads to. */
async function signalled(pid: number, signal: NodeJS.Signals, isDone: (state: string) => boolean) {
  process.kill(pid, signal);
  for (;;) {
    const { stdout } = spawnSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" });
    if (isDone(stdout.trim())) return;
    await rest(5);
  }
}

it("a worker that was stopped is failed and killed, and says so", async () => {
  const clock = new ManualClock();
  await using room = new ExecutorRoom({ clock, heartbeatTimeoutMs: 20_000 });
  const bell = await Bell.hang(room.root);
  const { finished, started } = room.submit(
    `${ringSource(bell.path)}
     dag.task("it", async () => { await ring("running"); ${FOR_EVER} })();`,
  );
  const { gone } = await bell.rung("running");
  const { pid } = await started;
  clock.advance(60_000);
  await signalled(pid, "SIGSTOP", (state) => state === "T");
  clock.advance(15_000);
  await signalled(pid, "SIGCONT", (state) => state !== "T");
  clock.advance(60_000);
  await signalled(pid, "SIGSTOP", (state) => state === "T");
  clock.advance(20_000);
  expect(failed(await finished)).toEqual({
    code: "task_heartbeat_lost",
    message: expect.stringMatching(/d\.it made no progress for 20s.*SIGSTOP/),
  });
  await gone;
  bell.unhang();
});

it("a handler that blocks its event loop far longer is let be", async () => {
  await using room = new ExecutorRoom({ heartbeatTimeoutMs: 20 });
  const outcome = await room.run(
    `dag.task("it", () => { const end = Date.now() + 300; while (Date.now() < end); return "trained"; })();`,
  );
  expect(returned(outcome)).toBe("trained");
});

it("an attempt whose artifact could not be asked for is lost, not failed", async () => {
  await using room = new ExecutorRoom();
  room.getArtifact = async () => {
    throw new Error("connection terminated");
  };
  expect(failed(await room.run(`dag.task("it", () => 1)();`)).code).toBe("attempt_lost");
});
