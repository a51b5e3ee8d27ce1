// Runs one attempt in this process: its artifact, its arguments, its handler, and what came of them.

import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { artifactUrlOf, loadArtifact } from "@memodag/artifact";
import { assembleArguments, MemodagError, messageOf, type AttemptOutcome, type Logger } from "@memodag/core";
import { runHandler, runSensor, type AttemptScope, type SensorTime } from "@memodag/sdk/runtime";
import { MAX_FRAME_BYTES } from "../frame.ts";
import { formatLogLine, type LogLevel } from "../log-line.ts";
import type { RunOrder } from "../protocol.ts";
import { rememberArtifact, withAuthorPlaces } from "./author-places.ts";
import { watchEnvironment } from "./environment-reads.ts";

/** Characters of an error's message that are kept; the log has all of it. */
const LONGEST_MESSAGE = 4_000;

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** Runs an attempt to its outcome; never rejects. `signal` is aborted when the handler is to stop. */
export async function runAttempt(order: RunOrder, signal: AbortSignal): Promise<AttemptOutcome> {
  const { attempt } = order;
  let startedAt: number | undefined;
  /** What a failure of the handler came of; nobody vouches for one from before it ran. */
  let evidenceOf: (() => Evidence) | undefined;
  try {
    const listEnvironmentReads = watchEnvironmentOf(order);
    rememberArtifact(order);
    const { dags, listPackages } = await loadArtifact({ path: order.artifactPath, baseDir: order.baseDir });
    const dag = dags.find(({ dagId }) => dagId === attempt.dagId);
    if (!dag) {
      throw new MemodagError(
        "dag_not_found",
        `${attempt.file.path} has no Dag "${attempt.dagId}" when a worker reads it: ` +
          "let which Dags it exports depend on nothing else",
      );
    }
    const args = assembleArguments(attempt);
    signal.throwIfAborted();
    startedAt = performance.now();
    const scope: AttemptScope = {
      context: attempt.context,
      declaredContext: attempt.declaredContext,
      signal,
      log: stdoutLogger,
      maxValueBytes: MAX_FRAME_BYTES,
      watchReads(listUndeclaredReads) {
        evidenceOf = () => ({
          uncacheable: uncacheableFor([...listUndeclaredReads(), ...listEnvironmentReads()]),
          packages: listPackages(),
        });
      },
    };
    const { sensor, taskId } = attempt;
    const outcome = sensor
      ? await runSensor(dag, taskId, args, scope, { sensor, time: sensorTime })
      : await runHandler(dag, taskId, args, scope);
    const durationMs = performance.now() - startedAt;
    if (outcome.kind === "rescheduled") return { ...outcome, durationMs };
    const uncacheable = uncacheableFor([...outcome.undeclaredReads, ...listEnvironmentReads()]);
    return { kind: "succeeded", xcoms: outcome.xcoms, durationMs, uncacheable, packages: listPackages() };
  } catch (error) {
    const failure = failureOf(error, startedAt === undefined ? 0 : performance.now() - startedAt);
    return { ...failure, ...evidenceOf?.() };
  }
}

type Evidence = Pick<Extract<AttemptOutcome, { kind: "succeeded" }>, "uncacheable" | "packages">;

function uncacheableFor(reads: readonly string[]): string | null {
  return reads.length === 0 ? null : `undeclared_input(${reads.join(", ")})`;
}

/** Begins before the artifact is loaded: what its top level reads may be what its handler returns. */
function watchEnvironmentOf({ attempt, artifactPath, baseDir, ordinaryEnv }: RunOrder): () => string[] {
  if (attempt.declaredEnv === null) return () => [];
  const artifactUrl = artifactUrlOf({ path: artifactPath, baseDir });
  return watchEnvironment({ declared: attempt.declaredEnv, ordinary: ordinaryEnv, artifactUrl });
}

/** The outcome of something thrown. What is no error of memodag's goes to the log with its stack. */
export function failureOf(thrown: unknown, durationMs = 0): AttemptOutcome {
  const isNamed = thrown instanceof MemodagError;
  if (!isNamed) process.stderr.write(`${withAuthorPlaces(inspect(thrown))}\n`);
  const message = messageOf(thrown) || inspect(thrown).split("\n", 1).join("");
  const kept = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  const error = { code: isNamed ? thrown.code : "task_failed", message: kept };
  // As in Airflow: who has waited for so long does not wait as long again.
  return { kind: "failed", error, durationMs, retryable: error.code !== "sensor_timeout" };
}

const sensorTime: SensorTime = {
  monotonic: () => performance.now(),
  // A timer cannot be longer: the sensor asks once more after 24 days.
  sleep: async (ms, signal) => await sleep(Math.min(ms, LONGEST_SLEEP_MS), undefined, { signal }),
};

/** Where a handler's log goes: the worker's stdout is the attempt's log. */
const stdoutLogger: Logger = {
  debug: (message, fields) => log("debug", message, fields),
  info: (message, fields) => log("info", message, fields),
  warn: (message, fields) => log("warn", message, fields),
  error: (message, fields) => log("error", message, fields),
};

function log(level: LogLevel, ...[message, fields]: Parameters<Logger["info"]>): void {
  writeSync(process.stdout.fd, formatLogLine(Date.now(), level, message, fields));
}
