// Sends an attempt through a queue to a worker and back. The worker runs nothing for it, and nothing of it is left.

import { randomUUID } from "node:crypto";
import { setTimeout as rest } from "node:timers/promises";
import { sha256 } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { decodeOutcome, encodeOutcome, type DispatchEngine } from "@memodag/remote-executor";
import { doctorAttempt } from "./doctor-attempt.ts";

/** Longer than a worker that is free takes, with a connection that is made anew. Milliseconds. */
const PATIENCE_MS = 20_000;

/** With a worker that is started for the attempt, whose image may have to be pulled. Milliseconds. */
const START_PATIENCE_MS = 180_000;

const LOOK_EVERY_MS = 100;

/** A queue, and a team whose tasks are in it. */
export interface ProbedQueue {
  readonly queue: string;
  readonly team: string;
}

/** `late`: how far it came. */
export type ProbeResult =
  | { readonly kind: "answered"; readonly worker: string; readonly tookMs: number }
  | { readonly kind: "failed"; readonly worker: string; readonly error: string }
  | { readonly kind: "late"; readonly state: "waiting" | "started"; readonly afterMs: number };

/** The parts of a probe. */
export interface ProbeParts {
  readonly store: Metastore["remoteAttempts"];
  readonly engine: DispatchEngine;
  /** A worker is started for each attempt. */
  readonly startsWorkers: boolean;
}

/** @throws the error of a queue that cannot be published to */
export async function probeQueue(
  { queue, team }: ProbedQueue,
  { store, engine, startsWorkers }: ProbeParts,
): Promise<ProbeResult> {
  const attempt = doctorAttempt({
    attemptId: randomUUID(),
    probe: true,
    queue,
    team,
    artifactDigest: sha256(""),
    executionTimeoutMs: null,
  });
  const { attemptId } = attempt;
  const patienceMs = startsWorkers ? START_PATIENCE_MS : PATIENCE_MS;
  const startedAt = performance.now();
  const notice = {
    attemptId,
    queue,
    team,
    dagId: attempt.dagId,
    taskId: attempt.taskId,
    priority: 1_000_000,
  };
  await store.add([{ order: { attempt, env: {} }, priority: notice.priority }]);
  try {
    await engine.publish([notice]);
    for (;;) {
      const tookMs = performance.now() - startedAt;
      const [status] = await store.statuses([attemptId]);
      const worker = status?.worker ?? "";
      if (status?.state === "ended") {
        const bytes = (await store.outcomes([attemptId])).get(attemptId) ?? Buffer.alloc(0);
        const outcome = await decodeOutcome(bytes);
        const error = outcome.kind === "failed" ? outcome.error.message : "its answer cannot be read";
        return outcome.kind === "skipped"
          ? { kind: "answered", worker, tookMs }
          : { kind: "failed", worker, error };
      }
      const state = status?.state === "started" ? "started" : "waiting";
      if (tookMs > patienceMs) return { kind: "late", state, afterMs: patienceMs };
      await rest(LOOK_EVERY_MS);
    }
  } finally {
    const error = { code: "attempt_lost", message: "the probe is over" };
    await store.endNow(
      [attemptId],
      encodeOutcome({ kind: "failed", error, durationMs: 0, retryable: false }),
    );
    await store.settle([attemptId]);
    await engine.withdraw([notice]).catch(() => undefined);
  }
}
