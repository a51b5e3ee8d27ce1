// What an attempt starts in a session of its own ends with the attempt, however that ends.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { AttemptCgroups } from "../src/attempt-cgroup.ts";
import { Bell, ringSource } from "./bell.ts";
import { dagModule, ExecutorRoom, failed, returned } from "./executor-room.ts";

const PARENT = fileURLToPath(new URL("fixtures/parent.mjs", import.meta.url));
const FOR_EVER = "await new Promise(() => setInterval(() => {}, 1e6));";

/** A script that rings and goes on for ever; `prepare` puts it where an attempt finds it. */
function prepare(room: ExecutorRoom, bell: Bell): string {
  const child = join(room.root, "child.mjs");
  writeFileSync(
    child,
    `${ringSource(bell.path)} await ring("child");
     import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(join(room.root, "up"))}, "");
     ${FOR_EVER}`,
  );
  return child;
}

/** Waits until the script runs. */
function untilUp(room: ExecutorRoom): string {
  const up = JSON.stringify(join(room.root, "up"));
  return `const { existsSync } = await import("node:fs");
    while (!existsSync(${up})) await new Promise((again) => setTimeout(again, 10));`;
}

/** Ways out of a process group. Each starts the script and does not wait for it. */
const WAYS: readonly (readonly [string, (child: string) => string])[] = [
  [
    "detached",
    (child) => `spawn(process.execPath, [${child}], { detached: true, stdio: "ignore" }).unref();`,
  ],
  ["by setsid", (child) => `spawn("setsid", [process.execPath, ${child}], { stdio: "ignore" });`],
  [
    "forked twice",
    (child) =>
      `spawn("sh", ["-c", 'setsid "$0" "$1" & exit', process.execPath, ${child}], { detached: true, stdio: "ignore" });`,
  ],
  [
    "with the channel's descriptor in its hands",
    (child) =>
      `spawn(process.execPath, [${child}], { detached: true, stdio: ["ignore", "ignore", "ignore", 3] });`,
  ],
];

function task(bell: Bell, way: string, after: string): string {
  return `import { spawn } from "node:child_process";
    ${ringSource(bell.path)}
    dag.task("it", async () => { ${way} await ring("worker"); ${after} })();`;
}

it("a process that has ended does not turn off the groups of others", async () => {
  const cgroups = new AttemptCgroups();
  const path = cgroups.tryCreate("ended.");
  const ended = spawn("true");
  await once(ended, "exit");
  expect(path === undefined || (await cgroups.tryEnclose(path, ended.pid ?? 0))).toBe(path === undefined);
  if (path !== undefined) cgroups.release(path);
  const next = cgroups.tryCreate("next.");
  expect(next === undefined).toBe(path === undefined);
  if (next !== undefined) cgroups.release(next);
});

describe.each([
  ["with cgroups where there are any", undefined],
  ["by their mark", new AttemptCgroups(null)],
])("%s, processes of their own session", (_name, cgroups) => {
  const options = cgroups ? { cgroups } : {};

  it.each(WAYS)("%s end when the attempt runs out of time", async (_way, start) => {
    await using room = new ExecutorRoom({ ...options, killGraceMs: 10 });
    const bell = await Bell.hang(room.root);
    const child = JSON.stringify(prepare(room, bell));
    const { attempt, finished } = room.submit(task(bell, start(child), FOR_EVER));
    const left = await bell.rung("child");
    await bell.rung("worker");
    room.executor.cancel(attempt.attemptId, { code: "task_timeout", message: "too long" });
    expect(failed(await finished).code).toBe("task_timeout");
    await left.gone;
    bell.unhang();
  });

  it.each(WAYS)("%s end when the attempt succeeds", async (_way, start) => {
    await using room = new ExecutorRoom(options);
    const bell = await Bell.hang(room.root);
    const child = JSON.stringify(prepare(room, bell));
    const { finished } = room.submit(task(bell, start(child), `${untilUp(room)} return 5;`));
    const left = await bell.rung("child");
    expect(returned(await finished)).toBe(5);
    await left.gone;
    bell.unhang();
  });

  it("do not end with another attempt of the same executor", async () => {
    await using room = new ExecutorRoom(options);
    const bell = await Bell.hang(room.root);
    const child = JSON.stringify(prepare(room, bell));
    const long = room.submit(
      task(
        bell,
        WAYS[0]![1](child),
        `await new Promise((stop) => getContext().signal.addEventListener("abort", stop)); return 1;`,
      ),
    );
    const left = await bell.rung("child");
    let isGone = false;
    void left.gone.then(() => (isGone = true));
    await Promise.all(Array.from({ length: 3 }, () => room.run(`dag.task("it", async () => 2)();`)));
    expect(isGone).toBe(false);
    room.executor.cancel(long.attempt.attemptId, { code: "run_cancelled", message: "cancelled" });
    await left.gone;
    bell.unhang();
  });
});

it("a process that clears its environment ends with a timeout, while its parent lives", async () => {
  await using room = new ExecutorRoom({ cgroups: new AttemptCgroups(null), killGraceMs: 10 });
  const bell = await Bell.hang(room.root);
  const child = JSON.stringify(prepare(room, bell));
  const way = `spawn(process.execPath, [${child}], { detached: true, stdio: "ignore", env: {} });`;
  const { attempt, finished } = room.submit(task(bell, way, FOR_EVER));
  const left = await bell.rung("child");
  room.executor.cancel(attempt.attemptId, { code: "task_timeout", message: "too long" });
  expect(failed(await finished).code).toBe("task_timeout");
  await left.gone;
  bell.unhang();
});

it("a command's processes of their own session end with it, whatever environment it is given", async () => {
  await using room = new ExecutorRoom({ cgroups: new AttemptCgroups(null) });
  const bell = await Bell.hang(room.root);
  const child = prepare(room, bell);
  const script = `setsid "$0" "$1" >&- 2>&- & while ! [ -e ../up ]; do sleep 0.05; done`;
  const argv = ["sh", "-c", script, process.execPath, child];
  const command = { argv, cwd: ".", env: [], visibleEnv: [], sources: [], files: [] };
  const { finished } = room.submit(`dag.task("it", async () => 1)();`, { command } as never);
  const left = await bell.rung("child");
  expect(returned(await finished)).toBeNull();
  await left.gone;
  bell.unhang();
});

it("they and a command's files end with the executor's own process, killed", async () => {
  await using room = new ExecutorRoom();
  const bell = await Bell.hang(room.root);
  const child = JSON.stringify(prepare(room, bell));
  const source = join(room.root, "orphan.mjs");
  writeFileSync(source, dagModule(task(bell, WAYS[0]![1](child), "for (;;);")));
  mkdirSync(join(room.exchangeDir, "command-left"), { recursive: true });
  const parent = spawn(process.execPath, [PARENT, source, room.root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface(parent.stdout), "line");
  const worker = await bell.rung("worker");
  const left = await bell.rung("child");
  parent.kill("SIGKILL");
  await Promise.all([worker.gone, left.gone]);
  await expect.poll(() => existsSync(room.exchangeDir), { timeout: 30_000 }).toBe(false);
  bell.unhang();
});
