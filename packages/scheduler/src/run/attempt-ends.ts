// What the end of an attempt makes of its instance: success, another attempt, or a failure that stays.

import type { AttemptOutcome, DagRun, SerializedTask, StoredError, TaskInstance } from "@memodag/core";
import type { AttemptResults } from "./attempt-results.ts";
import type { InstanceTable } from "./instance-table.ts";
import { judgeOutcome } from "./judged-outcome.ts";
import { afterLoss, isLostWithScheduler, lossError, lostTooOften, MOST_LOSSES } from "./lost-attempt.ts";
import type { PassWriter } from "./pass-writer.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import { retryDelayMs } from "./retry-delay.ts";
import type { RunContext } from "./run-context.ts";
import type { RunDecisions } from "./run-decisions.ts";
import type { RunResults } from "./run-results.ts";
import type { SingleFlight } from "./single-flight.ts";
import type { TimedWaits } from "./timed-waits.ts";

/** What {@link AttemptEnds} works with. */
export interface AttemptEndsParts {
  readonly context: RunContext;
  /** The run that they are of. */
  readonly run: Pick<DagRun, "dagId" | "runId">;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly attemptResults: AttemptResults;
  readonly decisions: RunDecisions;
  readonly singleFlight: SingleFlight;
  readonly waits: TimedWaits;
  readonly writer: PassWriter;
}

/** Takes the ends of attempts that this run waits for. */
export class AttemptEnds {
  readonly #parts: AttemptEndsParts;

  constructor(parts: AttemptEndsParts) {
    this.#parts = parts;
  }

  /** Acts on an attempt's outcome. */
  async take(instance: ReadyInstance, reported: AttemptOutcome): Promise<void> {
    const { context, table, results, attemptResults, decisions, singleFlight, waits, writer } = this.#parts;
    const { node, mapIndex } = instance;
    const judged = await judgeOutcome(node, reported, results);
    const row = table.get(node, mapIndex);
    const endedAt = context.clock.now();
    const loss = isLostWithScheduler(judged) ? this.#noteLoss(instance, endedAt) : null;
    if (loss?.isBearable) return this.#runAgain(instance, { losses: loss.losses, error: loss.error });
    const outcome = loss ? lostTooOften(loss.error) : judged;
    if (outcome.kind === "rescheduled") {
      const retryAt = endedAt + outcome.afterMs;
      table.change(node, mapIndex, { attemptId: null, state: "up_for_reschedule", retryAt, losses: 0 });
      if (decisions.hasLetRun(node)) waits.add(instance, retryAt);
      singleFlight.release(instance);
      return;
    }
    const durationMs = endedAt - (row.startedAt ?? endedAt);
    const end = { attemptId: null, waitingSince: null, endedAt, durationMs };
    if (outcome.kind === "succeeded") {
      await this.#succeed(instance, { ...row, ...end }, outcome);
    } else if (outcome.kind === "skipped") {
      const error: StoredError = { code: "task_skipped", message: outcome.reason };
      table.change(node, mapIndex, { ...end, state: "skipped", error });
      decisions.settle(node, "skipped");
    } else if (outcome.error.code === "attempt_lost") {
      this.#runAgain(instance);
    } else if (outcome.retryable && row.tryNumber < row.maxTries) {
      const retryAt = endedAt + retryDelayMs(node.task, row, context.random);
      const change = { ...end, state: "up_for_retry", retryAt, error: outcome.error } as const;
      writer.owe("retry", node, table.change(node, mapIndex, change));
      if (decisions.hasLetRun(node)) waits.add(instance, retryAt);
    } else if (isSkippedBy(node.task, outcome)) {
      table.change(node, mapIndex, { ...end, state: "skipped", error: outcome.error });
      decisions.settle(node, "skipped");
    } else {
      const change = { ...end, state: "failed", error: outcome.error } as const;
      writer.owe("failure", node, table.change(node, mapIndex, change));
      attemptResults.acceptFailure(node, { ...row, ...end }, outcome);
      decisions.settle(node, "failed");
    }
    if (!attemptResults.isPending(instance)) singleFlight.release(instance);
  }

  /** The loss counts, whatever it comes to. */
  #noteLoss(
    { node, mapIndex }: ReadyInstance,
    now: number,
  ): { readonly losses: number; readonly error: StoredError; readonly isBearable: boolean } {
    const { context, table, run } = this.#parts;
    const row = table.get(node, mapIndex);
    const losses = row.losses + 1;
    const isBearable = losses < MOST_LOSSES;
    table.change(node, mapIndex, { losses });
    const what = isBearable ? "and runs again" : "too often, and has failed";
    context.log.warn(`an attempt was lost with its scheduler ${what}`, {
      dagId: run.dagId,
      runId: run.runId,
      taskId: row.taskId,
      mapIndex,
      tryNumber: row.tryNumber,
      losses,
    });
    return { losses, error: lossError(row, losses, now), isBearable };
  }

  #runAgain(instance: ReadyInstance, loss: Partial<TaskInstance> = {}): void {
    const { table, singleFlight, decisions } = this.#parts;
    const { node, mapIndex } = instance;
    const row = table.get(node, mapIndex);
    table.change(node, mapIndex, { ...afterLoss(row), ...loss });
    // The cache is asked anew about what missed: another run may have stored that result since.
    const isAsked = row.waitingSince === null && row.cacheStatus === "miss" && !decisions.hasLetRun(node);
    if (isAsked) table.change(node, mapIndex, { state: "none" });
    singleFlight.release(instance);
    if (decisions.hasLetRun(node)) singleFlight.enqueue(instance);
  }

  async #succeed(
    { node, mapIndex }: ReadyInstance,
    ended: TaskInstance,
    outcome: Extract<AttemptOutcome, { kind: "succeeded" }>,
  ): Promise<void> {
    const { table, results, attemptResults, decisions, writer } = this.#parts;
    const { change, xcoms, returned } = await attemptResults.accept(node, ended, outcome);
    const row = table.change(node, mapIndex, {
      ...ended,
      ...change,
      state: "success",
      error: null,
      losses: 0,
    });
    writer.owe("success", node, row);
    writer.addXComs(xcoms.map((xcom) => ({ ...xcom, isCached: false })));
    results.keepBytes(xcoms);
    results.setReturned(node, mapIndex, returned);
    decisions.settle(node, "success");
  }
}

/** True for a final failure that the author wants to be a skip. */
function isSkippedBy({ sensor, runStep }: SerializedTask, { error, retryable }: Failed): boolean {
  const { code } = error;
  if (runStep?.kind === "trigger") return runStep.skipWhenAlreadyExists && code === "dag_run_exists";
  if (runStep) return runStep.softFail && code === "sensor_timeout";
  // As in Airflow: time that is over, and a handler that gives up; any other error of its own fails it.
  const hasGivenUp = code === "task_failed" && !retryable;
  return sensor?.softFail === true && (hasGivenUp || code === "sensor_timeout" || code === "task_timeout");
}

type Failed = Extract<AttemptOutcome, { kind: "failed" }>;
