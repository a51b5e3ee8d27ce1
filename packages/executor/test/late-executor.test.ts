// An executor whose event loop is late: timers that are due run before it reads what a worker has sent.

import { randomUUID } from "node:crypto";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@memodag/core";
import { expect, it } from "vitest";
import { AttemptCgroups } from "../src/attempt-cgroup.ts";
import type { Frame } from "../src/frame.ts";
import { OrphanGuard } from "../src/orphan-guard.ts";
import { fromWorkerFrame, type RunOrder } from "../src/protocol.ts";
import { WorkerProcess } from "../src/worker-process.ts";
import { ExecutorRoom, returned } from "./executor-room.ts";

const FRAME_BYTES = 2 ** 24;

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Keeps this process from its event loop until another one has ended. */
function blockUntilEnded(pid: number): void {
  for (let turn = 0; turn < 1_000 && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")); turn += 1)
    block(10);
}

/** Blocks for longer than any time that could be given to a channel, right after the end of a process was seen. */
class LateGuard extends OrphanGuard {
  override remove(...group: Parameters<OrphanGuard["remove"]>): void {
    super.remove(...group);
    queueMicrotask(() => block(1_500));
  }
}

/** A process, without what waits for it in an attempt, and the kinds of its messages. */
async function startWorker(room: ExecutorRoom, guard: OrphanGuard) {
  const kinds: string[] = [];
  const worker = await WorkerProcess.start({
    cwd: room.root,
    env: { PATH: process.env["PATH"] ?? "" },
    nodeOptions: [],
    logFd: openSync(join(room.root, "log"), "a"),
    clock: systemClock,
    guard,
    cgroups: new AttemptCgroups(null),
    mark: `${randomUUID()}.`,
    limits: { frameBytes: FRAME_BYTES, jsonBytes: FRAME_BYTES, blobBytes: FRAME_BYTES },
    listener: {
      onFrame: (frame: Frame) => void kinds.push(fromWorkerFrame(frame)?.kind ?? "none"),
      onBroken: (reason) => expect.fail(reason),
      onClose: () => undefined,
    },
  });
  return { worker, kinds };
}

async function orderOf(room: ExecutorRoom, body: string): Promise<RunOrder> {
  const attempt = room.attempt(body);
  const { digest, code } = await room.getArtifact(attempt.artifactDigest);
  const artifactPath = join(room.root, `${digest}.mjs`);
  writeFileSync(artifactPath, code);
  return {
    kind: "run",
    attempt,
    results: new Map(),
    artifactPath,
    bundleDir: room.root,
    baseDir: room.root,
    ordinaryEnv: [],
    environment: {},
    exchangeDir: null,
    maxXComBytes: FRAME_BYTES,
  };
}

it("receives what a process sent that has ended before it was read", async () => {
  await using room = new ExecutorRoom();
  const guard = new LateGuard({ mark: `${randomUUID()}.`, folder: "" });
  const { worker, kinds } = await startWorker(room, guard);
  // The end of a process can be seen in a turn of the event loop that was past its channel when it sent.
  worker.listen(false);
  worker.send(await orderOf(room, `dag.task("it", async () => "x".repeat(1e5))();`));
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(kinds).toEqual(["outcome"]);
  guard.close();
});

it("has no timeout for an attempt whose outcome is there when the timeout is due", async () => {
  await using room = new ExecutorRoom();
  const { started, finished } = room.submit(`dag.task("it", async () => "done")();`, {
    executionTimeoutMs: 200,
  });
  const { pid } = await started;
  blockUntilEnded(pid);
  expect(returned(await finished)).toBe("done");
});

it("asks a handler to stop whose order arrives together with the request", async () => {
  await using room = new ExecutorRoom();
  const guard = new OrphanGuard({ mark: `${randomUUID()}.`, folder: "" });
  const { worker, kinds } = await startWorker(room, guard);
  const body = `import { getContext as context } from "memodag";
    import { once } from "node:events";
    dag.task("it", async () => { const { signal } = context(); if (!signal.aborted) await once(signal, "abort"); })();`;
  worker.send(await orderOf(room, body));
  worker.send({ kind: "abort", error: { code: "task_cancelled", message: "cancelled" } });
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(kinds).toEqual(["outcome"]);
  guard.close();
});
