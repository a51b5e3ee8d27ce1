// Runs one task with the current code of its Dag file and the values of an earlier run, once or whenever its files
// change, and writes nothing to the database.

import { MemodagError, RETURN_VALUE, type JsonValue, type StoredError } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";
import { getRun } from "@memodag/operations/runs";
import type { Deployment } from "../stores/deployment.ts";
import { TrialRoom, type Trial, type TrialEnd, type TryTaskParts } from "./trial-room.ts";

/** The task to try, and the run whose values it receives. */
export interface TryTaskInput {
  readonly dagId: string;
  readonly taskId: string;
  /** As wherever a run is named. */
  readonly runId: string;
  readonly team?: string | undefined;
  /** Required for a mapped task. */
  readonly mapIndex?: number | undefined;
}

/** The outcome of a try. */
export interface TriedTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** The run whose values it received. */
  readonly runId: string;
  readonly state: "success" | "failed" | "skipped" | "up_for_reschedule";
  readonly returned: JsonValue;
  /** Other XComs that it pushed, by key. */
  readonly xcoms: Readonly<Record<string, JsonValue>>;
  readonly durationMs: number;
  readonly error: StoredError | null;
  /** Names of undeclared inputs that it used, which keep its result out of the cache; empty for a task without a cache. */
  readonly undeclared: readonly string[];
}

/**
 * A step of a watch. `refused`: the files as they are cannot be tried, or not with this run; `ended`: the try
 * was ended, because they changed or the watch is to end.
 */
export type WatchedTry =
  | { readonly kind: "tried"; readonly tried: TriedTask }
  | { readonly kind: "refused"; readonly error: Error }
  | { readonly kind: "ended" };

/**
 * Tries a task in a worker process. The database is only read.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `dag_file_invalid`,
 * `task_not_found`, `xcom_not_found`, `usage`.
 */
export async function tryTask(
  deployment: Deployment,
  context: OperationContext,
  input: TryTaskInput,
  parts: TryTaskParts,
): Promise<TriedTask> {
  const trial = await trialOf(context, input);
  const room = await TrialRoom.open(deployment, context);
  try {
    await room.processor.processBundles(deployment.config.bundles);
    return report(await room.tryTask(trial, parts));
  } finally {
    await room.close();
  }
}

/**
 * Tries a task now and whenever its files have changed, until the signal is aborted; a change during a try ends it and
 * starts the next one.
 * @throws MemodagError `dag_ambiguous`, `dag_run_not_found`
 */
export async function watchTask(
  deployment: Deployment,
  context: OperationContext,
  input: TryTaskInput,
  parts: TryTaskParts & { readonly onStep: (step: WatchedTry) => void },
): Promise<void> {
  const trial = await trialOf(context, input);
  const room = await TrialRoom.open(deployment, context);
  const { watchBundles } = await import("@memodag/dag-processor");
  const { signal, onStep } = parts;
  const { bundles, dagProcessor } = deployment.config;
  let news = Promise.withResolvers<void>();
  const tell = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  signal.addEventListener("abort", tell, { once: true });
  const watch = await watchBundles(room.processor, bundles, {
    rescanMs: dagProcessor.rescanInterval,
    onProcessed: tell,
    onError: (_bundle, error) => onStep({ kind: "refused", error }),
  });
  /** The files once they are others than those of `before`; undefined when the watch is to end. */
  const filesAfter = async (before?: string): Promise<string | undefined> => {
    while (!signal.aborted) {
      // Taken before the look, so that no change is missed.
      const changed = news.promise;
      const files = await room.stateOf(trial);
      if (files !== before) return files;
      await changed;
    }
    return undefined;
  };
  try {
    let files = await filesAfter();
    while (files !== undefined) {
      const next = filesAfter(files);
      onStep(await tryUntil(next, room, trial, parts));
      files = await next;
    }
  } finally {
    await watch.stop();
    await room.close();
  }
}

/** A try that ends when there are other files. */
async function tryUntil(
  next: Promise<string | undefined>,
  room: TrialRoom,
  trial: Trial,
  { onOutput }: TryTaskParts,
): Promise<WatchedTry> {
  const ended = new AbortController();
  const step = tryOnce(room, trial, { signal: ended.signal, onOutput });
  const first = await Promise.race([step, next.then(() => undefined)]);
  if (first !== undefined) return first;
  ended.abort();
  await step;
  return { kind: "ended" };
}

async function trialOf(context: OperationContext, input: TryTaskInput): Promise<Trial> {
  const { taskId, mapIndex } = input;
  return { run: await getRun(context.stores, input), taskId, mapIndex };
}

async function tryOnce(room: TrialRoom, trial: Trial, parts: TryTaskParts): Promise<WatchedTry> {
  try {
    return { kind: "tried", tried: report(await room.tryTask(trial, parts)) };
  } catch (error) {
    if (error instanceof MemodagError) return { kind: "refused", error };
    throw error;
  }
}

const STATES = {
  succeeded: "success",
  failed: "failed",
  skipped: "skipped",
  rescheduled: "up_for_reschedule",
} as const;

function report({ attempt: { dagId, taskId, mapIndex, runId }, outcome }: TrialEnd): TriedTask {
  const pushed = outcome.kind === "succeeded" ? outcome.xcoms : [];
  const values = Object.fromEntries(
    pushed.map(({ key, bytes }) => [key, JSON.parse(Buffer.from(bytes).toString()) as JsonValue]),
  );
  const { [RETURN_VALUE]: returned = null, ...xcoms } = values;
  const reason = "uncacheable" in outcome ? (outcome.uncacheable ?? null) : null;
  return {
    dagId,
    taskId,
    mapIndex,
    runId,
    state: STATES[outcome.kind],
    returned,
    xcoms,
    durationMs: outcome.durationMs,
    error: outcome.kind === "failed" ? outcome.error : null,
    undeclared: reason?.code === "undeclared_input" ? reason.detail.names : [],
  };
}
