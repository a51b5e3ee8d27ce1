// A worker host that starts no process: it starts attempts at the API and ends each with a small value of its own.

import { canonicalBytes, type AttemptOrder } from "@memodag/core";
import { encodeFrame, toExecutorFrame } from "@memodag/executor/frames";
import type { MemoryEngine } from "@memodag/remote-executor/testing";
import { parseBody, type ApiClient } from "@memodag/worker";
import { FRAME_TYPE, type RegisterAnswer } from "@memodag/worker-api/protocol";

/** A host of a benchmark. */
export interface PretendedHost {
  readonly name: string;
  readonly client: ApiClient;
  readonly engine: MemoryEngine;
  readonly places: number;
}

/** Takes attempts until the signal is aborted. Without beats: use it for less than the heartbeat timeout. */
export async function runPretendedHost(
  { name, client, engine, places }: PretendedHost,
  signal: AbortSignal,
): Promise<void> {
  const queues = ["default"];
  const host = { name, host: name, pid: 1, queues, concurrency: places, version: "0", node: "0" };
  const reply = await client.send({ route: "register", body: [Buffer.from(JSON.stringify(host))] });
  client.workerId = parseBody<RegisterAnswer>(reply).workerId;
  const feed = await engine.openFeed({ queues, concurrency: places }, async (id) => {
    const { attempt } = parseBody<AttemptOrder>(await client.send({ route: "start", id }));
    const bytes = canonicalBytes({
      taskId: attempt.taskId,
      mapIndex: attempt.mapIndex,
      text: "x".repeat(80),
    });
    const xcoms = [{ key: "return_value", bytes }];
    const outcome = { kind: "succeeded" as const, xcoms, durationMs: 1, uncacheable: null, packages: [] };
    const body = encodeFrame(toExecutorFrame({ kind: "outcome", outcome }));
    await client.send({ route: "outcome", id, body, contentType: FRAME_TYPE });
  });
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await feed.close();
  await client.send({ route: "leave", id: client.workerId });
  client.close();
}
