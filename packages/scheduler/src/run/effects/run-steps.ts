// The tasks of one run that the scheduler carries out itself: they trigger runs of other Dags and wait for
// them.

import {
  storedError,
  assembleArguments,
  isOwnFault,
  MemodagError,
  type AttemptOutcome,
  type Clock,
  type SerializedRunStep,
  type RunSummary,
  type WantedRun,
} from "@memodag/core";
import type { DagNode } from "../../graph/dag-graph.ts";
import { readInputs } from "../../attempts/attempt-inputs.ts";
import type { RunState, StepEvent } from "../state/run-state.ts";
import { findVersion, makeRun } from "../../steps/make-run.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunContext } from "../../context/run-context.ts";
import { readRunOrder, readWantedRun, type StepArguments } from "../../steps/step-arguments.ts";
import { outcomeOf, stepFailed, stepSucceeded, stepTimedOut } from "../../steps/step-outcome.ts";
import { TimedWaits } from "../../time/timed-waits.ts";

interface Wait {
  readonly run: WantedRun;
  readonly timeoutMs: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
  summary: RunSummary | undefined;
  cancel: () => void;
}

/** Total bytes of a task's arguments, at most: they are read in the scheduler's process. */
const MOST_BYTES = 2 ** 20;

/** Milliseconds by which a timer may fire early. */
const EARLY_MS = 1_000;

/**
 * Starts tries before a pass is written, and carries them out after it: a run is never created for a try that
 * is not recorded. A step uses no process and no slot; a waiting step is woken by the end of the awaited run.
 */
export class RunSteps {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #deadlines: TimedWaits;
  readonly #waits = new Map<string, Wait>();
  #ready: ReadyInstance[] = [];
  #begun: ReadyInstance[] = [];
  #hasLeft = false;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState) {
    this.#context = context;
    this.#state = state;
    this.#deadlines = new TimedWaits(clock, state.inbox.wake);
  }

  /** The number of tasks that wait for other runs. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** True when tries are recorded, or about to be, and not yet carried out. */
  get wantsToSubmit(): boolean {
    return this.#begun.length > 0;
  }

  /** Queues an instance that may start, or continue the try that an earlier holder of the run started. */
  enqueue(instance: ReadyInstance): void {
    this.#ready.push(instance);
  }

  /** Starts everything that is ready. */
  begin(): void {
    const { table } = this.#state;
    for (const { node, mapIndex } of this.#ready.splice(0)) {
      const { waitingSince, tryNumber } = table.get(node, mapIndex);
      if (waitingSince === null) {
        const now = this.#context.clock.now();
        table.change(node, mapIndex, {
          state: "running",
          tryNumber: tryNumber + 1,
          startedAt: now,
          waitingSince: now,
          endedAt: null,
          durationMs: null,
        });
      }
      this.#begun.push({ node, mapIndex });
    }
  }

  /**
   * Carries out what has started; call once it is written. Call again after a failure, or after the lease was
   * in doubt.
   */
  async submit(): Promise<void> {
    const { areLeasesSure } = this.#context;
    for (let next = this.#begun[0]; next; next = this.#begun[0]) {
      if (this.#hasLeft || !areLeasesSure()) return;
      const outcome = await this.#carryOut(next);
      this.#begun.shift();
      this.#report(next, outcome);
    }
  }

  /**
   * The outcome of an event of a try that is still in progress; undefined for an event that changes nothing.
   */
  take({ node, mapIndex, tryNumber, outcome }: StepEvent): AttemptOutcome | undefined {
    const { table } = this.#state;
    const row = table.find(node, mapIndex);
    const isUnderWay = row?.state === "running" || row?.state === "up_for_reschedule";
    if (!isUnderWay || row.tryNumber !== tryNumber) return undefined;
    if (outcome.kind !== "waits") return outcome;
    if (row.state === "running") table.change(node, mapIndex, { state: "up_for_reschedule" });
    return undefined;
  }

  /** Reports the tries whose timeout has passed. */
  reportLate(): void {
    const now = this.#context.clock.now();
    for (const instance of this.#deadlines.takeDue()) {
      const wait = this.#waits.get(nameOf(instance));
      const step = instance.node.task.runStep;
      if (!wait || !step || wait.timeoutMs === null || wait.deadline > now + EARLY_MS) continue;
      this.#stopWaiting(instance);
      this.#report(instance, stepTimedOut(step, wait.run, wait.summary, wait.timeoutMs));
    }
  }

  /** Stops watching: another process holds the run and continues to wait. */
  leave(): void {
    this.#hasLeft = true;
    for (const { cancel } of this.#waits.values()) cancel();
    this.#waits.clear();
  }

  async #carryOut(instance: ReadyInstance): Promise<StepEvent["outcome"]> {
    const context = this.#context;
    const { run, table } = this.#state;
    const { node, mapIndex } = instance;
    const step = stepOf(node);
    try {
      const args = await this.#readArguments(instance);
      if (step.kind === "wait") {
        await findVersion(context.dags, run.team, step.dagId);
        this.#wait(instance, readWantedRun(run, step, args), step.timeoutMs);
        return { kind: "waits" };
      }
      const row = table.get(node, mapIndex);
      const made = await makeRun(context, { run, instance: row }, step, readRunOrder(args));
      context.onRunMade(made, step.waitForCompletion);
      if (!step.waitForCompletion) return stepSucceeded(step, made.runId);
      const { team, dagId, runId } = made;
      this.#wait(instance, { team, dagId, runId }, node.task.executionTimeoutMs);
      return { kind: "waits" };
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      return stepFailed(storedError(error));
    }
  }

  async #readArguments({ node, mapIndex }: ReadyInstance): Promise<StepArguments> {
    const { results, work } = this.#state;
    const args = work.argsOf(node, mapIndex);
    const sizeBytes = args.reduce((sum, [, template]) => sum + results.sizeOf(template), 0);
    if (sizeBytes > MOST_BYTES) {
      throw new MemodagError(
        "value_too_large",
        `The arguments of the task have ${sizeBytes} bytes, more than ${MOST_BYTES}: ` +
          "return only the needed part from the upstream task, or its location",
        { fields: { sizeBytes } },
      );
    }
    return assembleArguments(await readInputs(args, results));
  }

  #wait(instance: ReadyInstance, run: WantedRun, timeoutMs: number | null): void {
    if (this.#hasLeft) return;
    const context = this.#context;
    const { table } = this.#state;
    const step = stepOf(instance.node);
    const { waitingSince } = table.get(instance.node, instance.mapIndex);
    const deadline = (waitingSince ?? context.clock.now()) + (timeoutMs ?? 0);
    const wait: Wait = { run, timeoutMs, deadline, summary: undefined, cancel: () => undefined };
    this.#waits.set(nameOf(instance), wait);
    if (timeoutMs !== null) this.#deadlines.add(instance, deadline);
    wait.cancel = context.awaited.watch({
      run,
      everyMs: step.pokeIntervalMs,
      onSeen: (summary) => {
        wait.summary = summary;
        const outcome = outcomeOf(step, run, summary);
        if (!outcome) return;
        this.#stopWaiting(instance);
        this.#report(instance, outcome);
      },
    });
  }

  #stopWaiting(instance: ReadyInstance): void {
    const name = nameOf(instance);
    this.#waits.get(name)?.cancel();
    this.#waits.delete(name);
  }

  #report({ node, mapIndex }: ReadyInstance, outcome: StepEvent["outcome"]): void {
    const row = this.#state.table.find(node, mapIndex);
    if (this.#hasLeft || !row) return;
    this.#state.inbox.put({ kind: "step", node, mapIndex, tryNumber: row.tryNumber, outcome });
  }
}

function stepOf({ task }: DagNode): SerializedRunStep {
  if (!task.runStep) throw new Error(`task "${task.taskId}" has to run in a worker`);
  return task.runStep;
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
