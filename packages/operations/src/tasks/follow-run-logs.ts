// Follows what all attempts of a run print, whichever process executes them, until the run is over.

import {
  instanceKey,
  instanceName,
  isTerminal,
  type AttemptName,
  type DagRun,
  type TaskInstance,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { patience, rideOut } from "../ride-out.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { rest } from "../runs/run-end.ts";
import { attemptName } from "./attempt-logs.ts";
import { listInstancesOf } from "./find-instance.ts";
import { linesOf } from "./log-lines.ts";

/** A run, or one of its tasks, whose logs are followed. */
export interface FollowLogsInput extends RunName {
  readonly taskId?: string | undefined;
  /** Of the logs that there are already, only the last lines. */
  readonly lastLines?: number | undefined;
}

/** A line that an attempt printed. */
export interface RunLogLine {
  /** Such as `fit` or `fit[3]`. */
  readonly name: string;
  /** Without its end. */
  readonly line: string;
}

/** The receiver of lines. */
export interface LogLineReceiver {
  /** Aborted to stop after what has been printed until then. */
  readonly signal: AbortSignal;
  /** The log waits for it: a reader may be slower. */
  readonly onLine: (line: RunLogLine) => void | Promise<void>;
}

/**
 * Tells the lines of a run's attempts as they are printed: the latest attempt of each instance, and all that begin
 * meanwhile. Lines of one attempt stay in order.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `dag_run_ambiguous`,
 *   `task_not_found`.
 */
export async function followRunLogs(
  context: OperationContext,
  { taskId, lastLines, ...name }: FollowLogsInput,
  receiver: LogLineReceiver,
): Promise<void> {
  const { dags, runs } = context.stores;
  const run = await getRun(context.stores, name);
  if (taskId !== undefined) {
    const { dag } = await dags.getDagVersion(run.dagVersionId);
    // A task may have no instances yet; one that is not there at all is not waited for.
    if (!dag.tasks.some((task) => task.taskId === taskId))
      await listInstancesOf(runs, run, taskId, undefined);
  }
  await new RunLogs(context, run, { taskId, lastLines }, receiver).follow();
}

/** The attempts of one run that are being followed. */
class RunLogs {
  readonly #context: OperationContext;
  readonly #run: DagRun;
  readonly #part: Pick<FollowLogsInput, "taskId" | "lastLines">;
  readonly #receiver: LogLineReceiver;
  /** The current rows, by name. */
  readonly #instances = new Map<string, TaskInstance>();
  /** The latest attempt that is or was followed, by name. */
  readonly #followed = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  #isOver = false;
  #fault: unknown;

  constructor(
    context: OperationContext,
    run: DagRun,
    part: Pick<FollowLogsInput, "taskId" | "lastLines">,
    receiver: LogLineReceiver,
  ) {
    this.#context = context;
    this.#run = run;
    this.#part = part;
    this.#receiver = receiver;
  }

  async follow(): Promise<void> {
    const { signal } = this.#receiver;
    for (let isFirst = true; !this.#isOver; isFirst = false) {
      const isLast = signal.aborted;
      // The run first: what a run that is over has done is in the rows that are read after it.
      const isEnded = await this.#hasEnded();
      const instances = await this.#readInstances();
      this.#isOver = isLast || isEnded || this.#fault !== undefined;
      for (const instance of instances) await this.#startNew(instance, isFirst);
      if (!this.#isOver) await rest(signal);
    }
    await Promise.all(this.#running);
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #hasEnded(): Promise<boolean> {
    const { team, dagId, runId } = this.#run;
    const { runs } = this.#context.stores;
    const now = await rideOut(() => runs.findRun(team, dagId, runId), patience(this.#context));
    return now === undefined || now.endedAt !== null;
  }

  /** In the order in which they started. */
  async #readInstances(): Promise<TaskInstance[]> {
    const { taskId } = this.#part;
    const { team, id } = this.#run;
    const { runs } = this.#context.stores;
    const all = await rideOut(() => runs.listTaskInstances(team, id), patience(this.#context));
    const found = all.filter((instance) => taskId === undefined || instance.taskId === taskId);
    for (const instance of found) this.#instances.set(instanceKey(instance), instance);
    return found.toSorted((a, b) => (a.startedAt ?? Infinity) - (b.startedAt ?? Infinity) || 0);
  }

  async #startNew(instance: TaskInstance, isFirst: boolean): Promise<void> {
    const { tryNumber, cacheStatus } = instance;
    if (cacheStatus === "hit") return;
    const key = instanceKey(instance);
    const known = this.#followed.get(key) ?? (isFirst ? tryNumber - 1 : 0);
    for (let attempt = Math.max(1, known + 1); attempt <= tryNumber; attempt += 1) {
      this.#followed.set(key, attempt);
      const read = this.#read(attemptName(this.#run, instance, attempt), isFirst);
      // One after the other: a run may have ended thousands of attempts, and files can be open only so many.
      if (this.#isDone(key, attempt)) await read;
      else this.#running.add(read.finally(() => this.#running.delete(read)));
    }
  }

  /** Never rejects. */
  async #read(attempt: AttemptName, isFirst: boolean): Promise<void> {
    const lastLines = isFirst ? this.#part.lastLines : undefined;
    const key = instanceKey(attempt);
    const name = instanceName(attempt.taskId, attempt.mapIndex);
    const isOver = async (): Promise<boolean> => this.#isDone(key, attempt.tryNumber);
    try {
      const text = this.#context.logs.tail(attempt, { lastLines, isOver });
      for await (const line of linesOf(text)) await this.#receiver.onLine({ name, line });
    } catch (error) {
      this.#fault ??= error;
    }
  }

  #isDone(key: string, attempt: number): boolean {
    const now = this.#instances.get(key);
    if (this.#isOver || this.#receiver.signal.aborted || now === undefined) return true;
    if (isTerminal(now.state) || now.tryNumber > attempt) return true;
    return now.state === "up_for_retry" && now.tryNumber >= attempt;
  }
}
