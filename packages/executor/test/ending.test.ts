// Attempts that are ended: by time, by the executor, by the death of their parent.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Bell, ringSource } from "./bell.ts";
import { dagModule, ExecutorRoom, failed, returned } from "./executor-room.ts";
import { ManualClock } from "@memodag/core/testing";

const FOR_EVER = "await new Promise(() => setInterval(() => {}, 1e6));";
const PARENT = fileURLToPath(new URL("fixtures/parent.mjs", import.meta.url));

describe("executionTimeout", () => {
  it("asks a handler to stop first", async () => {
    const clock = new ManualClock();
    await using room = new ExecutorRoom({ clock });
    const bell = await Bell.hang(room.root);
    const { attempt, finished } = room.submit(
      `${ringSource(bell.path)}
       dag.task("it", async () => {
         const { signal } = getContext();
         await ring("running");
         await new Promise((stop) => signal.addEventListener("abort", stop));
         console.log("stopping because", signal.reason.message);
       })();`,
      { executionTimeoutMs: 10_000 },
    );
    await bell.rung("running");
    clock.advance(9_999);
    clock.advance(1);
    expect(failed(await finished)).toEqual({
      code: "task_timeout",
      message: expect.stringContaining("executionTimeout of 10s"),
    });
    expect(room.log(attempt)).toContain("stopping because d.it ran longer");
    bell.unhang();
  });

  it("kills a handler that does not listen, with all that it started", async () => {
    const clock = new ManualClock();
    await using room = new ExecutorRoom({ clock, heartbeatTimeoutMs: 60 * 86_400_000 });
    const bell = await Bell.hang(room.root);
    const { finished } = room.submit(
      `${ringSource(bell.path)}
       dag.task("it", async () => { await ring("running"); for (;;); })();`,
      { executionTimeoutMs: 60 * 86_400_000 },
    );
    const { gone } = await bell.rung("running");
    clock.advance(60 * 86_400_000);
    clock.advance(2_000);
    expect(failed(await finished).code).toBe("task_timeout");
    await gone;
    bell.unhang();
  });
});

describe("the end of an attempt", () => {
  it("is the end of a child that its handler left behind", async () => {
    await using room = new ExecutorRoom();
    const bell = await Bell.hang(room.root);
    const child = join(room.root, "child.mjs");
    writeFileSync(child, `${ringSource(bell.path)} await ring("child"); console.log("up"); ${FOR_EVER}`);
    const outcome = await room.run(
      `import { spawn } from "node:child_process";
       dag.task("it", async () => {
         const child = spawn(process.execPath, [${JSON.stringify(child)}], { stdio: ["ignore", "pipe", "inherit"] });
         await new Promise((up) => child.stdout.once("data", up));
         return 5;
       })();`,
    );
    expect(returned(outcome)).toBe(5);
    await (
      await bell.rung("child")
    ).gone;
    bell.unhang();
  });

  it("does not wait for exit hooks that hang", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 20 });
    const bell = await Bell.hang(room.root);
    const { finished } = room.submit(
      `${ringSource(bell.path)}
       dag.task("it", async () => {
         await ring("running");
         process.on("exit", () => { for (;;); });
         return 5;
       })();`,
    );
    const { gone } = await bell.rung("running");
    expect(returned(await finished)).toBe(5);
    await gone;
    bell.unhang();
  });
});

describe("cancel", () => {
  it("ends an attempt with the error it was given", async () => {
    await using room = new ExecutorRoom();
    const bell = await Bell.hang(room.root);
    const { attempt, finished } = room.submit(
      `${ringSource(bell.path)}
       dag.task("it", async () => {
         await ring("running");
         await new Promise((stop) => getContext().signal.addEventListener("abort", stop));
         return "too late";
       })();`,
    );
    await bell.rung("running");
    room.executor.cancel(attempt.attemptId, { code: "task_failed", message: "cleared" });
    expect(failed(await finished)).toEqual({ code: "task_failed", message: "cleared" });
    bell.unhang();
  });

  it("ends an attempt that has not started", async () => {
    await using room = new ExecutorRoom();
    const { attempt, finished } = room.submit(`dag.task("it", async () => 1)();`);
    room.executor.cancel(attempt.attemptId, { code: "task_failed", message: "cleared" });
    expect(failed(await finished).message).toBe("cleared");
    expect(room.events.map(({ kind }) => kind)).toEqual(["finished"]);
  });

  it("of an attempt that nobody runs does nothing", async () => {
    await using room = new ExecutorRoom();
    room.executor.cancel("nobody", { code: "task_failed", message: "cleared" });
    expect(room.events).toEqual([]);
  });
});

describe("shutdown", () => {
  it("lets attempts end within their time, kills the others, and takes no more", async () => {
    const clock = new ManualClock();
    await using room = new ExecutorRoom({ clock });
    const bell = await Bell.hang(room.root);
    const quick = room.submit(
      `${ringSource(bell.path)} dag.task("it", async () => { await ring("quick"); return 1; })();`,
    );
    const slow = room.submit(
      `${ringSource(bell.path)} dag.task("it", async () => { await ring("slow"); ${FOR_EVER} })();`,
    );
    await bell.rung("slow");
    const shutdown = room.executor.close(30_000);
    expect(room.executor.capacity("default")).toBe(0);
    expect(returned(await quick.finished)).toBe(1);
    const late = room.attempt(`dag.task("it", async () => 1)();`);
    expect(await room.executor.submit(late)).toBe("full");
    clock.advance(30_000);
    expect(failed(await slow.finished).code).toBe("attempt_lost");
    await shutdown;
    bell.unhang();
  });
});

describe("a worker whose parent was killed", () => {
  it.each([
    ["waits", FOR_EVER],
    ["is in a tight loop", "for (;;);"],
  ])("ends, with its children, while it %s", async (_name, statement) => {
    await using room = new ExecutorRoom();
    const bell = await Bell.hang(room.root);
    const child = join(room.root, "child.mjs");
    writeFileSync(child, `${ringSource(bell.path)} await ring("child"); ${FOR_EVER}`);
    const source = join(room.root, "orphan.mjs");
    writeFileSync(
      source,
      dagModule(
        `import { spawn } from "node:child_process";
         ${ringSource(bell.path)}
         dag.task("it", async () => {
           spawn(process.execPath, [${JSON.stringify(child)}], { stdio: "ignore" });
           await ring("worker");
           ${statement}
         })();`,
      ),
    );
    const parent = spawn(process.execPath, [PARENT, source, room.root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid] = (await once(createInterface(parent.stdout), "line")) as [string];
    const worker = await bell.rung("worker");
    const grandchild = await bell.rung("child");
    onTestFinished(() => killGroup(Number(pid)));
    parent.kill("SIGKILL");
    await expect(Promise.all([worker.gone, grandchild.gone])).resolves.toBeDefined();
    bell.unhang();
  });
});

/** Leaves nothing running where a test has failed. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // As it should be.
  }
}
