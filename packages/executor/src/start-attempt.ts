// Finds a process for an attempt, one that was started ahead or a new one, and hands the attempt over.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MemodagError, messageOf, type Attempt } from "@memodag/core";
import { nameOf } from "./attempt-end.ts";
import type { AttemptLog } from "./attempt-log.ts";
import type { AttemptSurroundings } from "./attempt-surroundings.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import type { RunOrder } from "./protocol.ts";
import { declaredBy, isWatched, processEnvironment, workerEnvironment } from "./worker-environment.ts";
import type { WorkerShape } from "./warm-workers.ts";
import { WorkerProcess, type AttemptProcess, type WorkerListener } from "./worker-process.ts";

/** The message besides the values: the error of a task and its packages take a few kilobytes. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/** The start of an attempt. */
export interface AttemptStart extends Pick<RunOrder, "attempt" | "artifactPath" | "results" | "exchangeDir"> {
  /** Unique to the attempt on this machine. */
  readonly mark: string;
  readonly log: AttemptLog;
  /** Hears the process that runs the attempt. */
  readonly listener: WorkerListener;
  /** Called with each process before the attempt is handed over to it. False: the attempt has been stopped. */
  onProcess(worker: AttemptProcess): boolean;
}

/**
 * Starts an attempt. Returns `undefined` if it was stopped before it began.
 * @throws MemodagError `worker_failed`, `attempt_lost`, or the system's error
 */
export async function startAttempt(
  surroundings: AttemptSurroundings,
  start: AttemptStart,
): Promise<AttemptProcess | undefined> {
  const { attempt, log, listener, onProcess } = start;
  const shape = shapeOf(surroundings, attempt);
  const order = orderOf(surroundings, start);
  for await (const [given, begin] of startedAhead(surroundings, order, shape)) {
    if (!onProcess(given)) return await endUnused(given);
    logStart(log, attempt, given);
    const takeOver = { logPath: log.path, cwd: shape.cwd };
    if (await handOver(attempt, given, () => begin({ ...order, takeOver }, listener))) return given;
    if (!onProcess(given)) return await endUnused(given);
    log.write("info", "the process ended before the attempt began: another one is used");
  }
  const worker = await startProcess(surroundings, start, shape);
  if (!onProcess(worker)) return await endUnused(worker);
  logStart(log, attempt, worker);
  await handOver(attempt, worker, () => worker.send(order));
  return worker;
}

/** A process that was idle may have ended without notice yet. */
const REUSE_TRIES = 2;

type Begin = (order: RunOrder, listener: WorkerListener) => Promise<boolean>;

/** The processes that may be there: the next one is asked for when the attempt did not begin in the last one. */
async function* startedAhead(
  { reused, warm }: AttemptSurroundings,
  order: RunOrder,
  shape: WorkerShape,
): AsyncGenerator<readonly [AttemptProcess, Begin]> {
  for (let tries = 0; order.attempt.reuse && tries < REUSE_TRIES; tries += 1) {
    const loan = await reused.take(order, shape);
    if (await loan.isReady())
      yield [loan, async (given, listener) => await loan.begin({ ...given, isReused: true }, listener)];
    else loan.kill();
  }
  const worker = await warm.take(shape);
  if (worker) yield [worker.process, async (given, listener) => await worker.begin(given, listener)];
}

async function endUnused(worker: AttemptProcess): Promise<undefined> {
  worker.kill();
  await worker.ended;
}

/** Returns what the process of an attempt has to be started with. */
function shapeOf(surroundings: AttemptSurroundings, attempt: Attempt): WorkerShape {
  const { ordinaryEnv, nodeOptions, maxXComBytes, maxEntryBytes } = surroundings;
  return {
    cwd: resolve(surroundings.bundlePath(attempt.file.bundle)),
    env: processEnvironment(surroundings.environmentOf(attempt), attempt, ordinaryEnv),
    nodeOptions: [...nodeOptions, ...heapOption(attempt)],
    limits: {
      frameBytes: MAX_FRAME_BYTES,
      jsonBytes: MAX_MESSAGE_BYTES,
      blobBytes: Math.max(maxXComBytes, maxEntryBytes()),
    },
  };
}

function orderOf(
  { bundlePath, ordinaryEnv, maxXComBytes, environmentOf }: AttemptSurroundings,
  { attempt, artifactPath, results, exchangeDir }: AttemptStart,
): RunOrder {
  const bundleDir = resolve(bundlePath(attempt.file.bundle));
  return {
    kind: "run",
    attempt,
    results,
    artifactPath,
    bundleDir,
    baseDir: join(bundleDir, dirname(attempt.file.path)),
    ordinaryEnv,
    environment: isWatched(attempt)
      ? workerEnvironment(environmentOf(attempt), declaredBy(attempt), ordinaryEnv)
      : {},
    exchangeDir,
    maxXComBytes,
  };
}

async function startProcess(
  { clock, guard, cgroups }: AttemptSurroundings,
  { attempt, mark, log, listener }: AttemptStart,
  shape: WorkerShape,
): Promise<WorkerProcess> {
  try {
    return await WorkerProcess.start({ ...shape, logFd: log.fd, clock, guard, cgroups, mark, listener });
  } catch (error) {
    // The system blames the program when the folder is missing.
    if (existsSync(shape.cwd)) throw error;
    throw new MemodagError(
      "worker_failed",
      `No worker could run ${nameOf(attempt)}: the folder ${shape.cwd} of bundle ` +
        `"${attempt.file.bundle}" does not exist; create it or change the bundle's path in the config`,
      { cause: error, fields: { bundle: attempt.file.bundle, path: shape.cwd } },
    );
  }
}

async function handOver<T>(attempt: Attempt, worker: AttemptProcess, send: () => T): Promise<Awaited<T>> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof MemodagError) throw error;
    worker.kill();
    await worker.ended;
    throw new MemodagError(
      "worker_failed",
      `No worker could run ${nameOf(attempt)}: its arguments cannot be sent: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function logStart(log: AttemptLog, attempt: Attempt, { pid }: AttemptProcess): void {
  log.write(
    "info",
    `attempt ${attempt.tryNumber} of ${nameOf(attempt)} in run ${attempt.runId}: ` +
      `process ${pid}, artifact ${attempt.artifactDigest.slice(0, 12)}${traceText(attempt)}`,
  );
}

/** The trace of W3C Trace Context is its second part. */
function traceText({ traceparent }: Attempt): string {
  return traceparent === undefined ? "" : `, trace ${traceparent.split("-")[1]}`;
}

/** Node uses the last option of its kind. */
function heapOption({ memoryBytes }: Attempt): string[] {
  return memoryBytes === undefined ? [] : [`--max-old-space-size=${Math.floor(memoryBytes / 2 ** 20)}`];
}
