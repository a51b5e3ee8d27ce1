// The tasks of one run that the scheduler carries out itself: they make runs of other Dags and wait for them.

import {
  assembleArguments,
  MemodagError,
  type AttemptOutcome,
  type Clock,
  type DagRun,
  type SerializedRunStep,
  type RunStanding,
  type WantedRun,
} from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import { readInputs } from "./attempt-builder.ts";
import type { ArgsOf } from "./cache-step.ts";
import type { InstanceTable } from "./instance-table.ts";
import { findVersion, makeRun } from "./make-run.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import type { RunResults } from "./run-results.ts";
import { readRunOrder, readWantedRun, type StepArguments } from "./step-arguments.ts";
import { outcomeOf, stepFailed, stepSucceeded, stepTimedOut } from "./step-outcome.ts";
import { TimedWaits } from "./timed-waits.ts";

/** What {@link RunSteps} works with. */
export interface RunStepsParts {
  readonly context: RunContext;
  /** Whose timers end with the execution. */
  readonly clock: Clock;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly argsOf: ArgsOf;
  readonly handle: (event: StepEvent) => void;
  /** Asks for a pass. */
  readonly wake: () => void;
}

/** Something happened to a task that the scheduler carries out; `waits`: it has begun to. */
export interface StepEvent extends ReadyInstance {
  readonly kind: "step";
  readonly tryNumber: number;
  readonly outcome: AttemptOutcome | { readonly kind: "waits" };
}

interface Wait {
  readonly run: WantedRun;
  readonly timeoutMs: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
  standing: RunStanding | undefined;
  cancel: () => void;
}

/** Bytes of all arguments of a task together: they are read where every run is scheduled. */
const MOST_BYTES = 2 ** 20;

/** By how many milliseconds a timer may be early. */
const EARLY_MS = 1_000;

/**
 * Begins tries before a pass is written, and carries them out after: a run is never made for a try that is
 * not recorded. No process, no slot; what waits is heard of by the end of the run that it waits for.
 */
export class RunSteps {
  readonly #parts: RunStepsParts;
  readonly #deadlines: TimedWaits;
  readonly #waits = new Map<string, Wait>();
  #ready: ReadyInstance[] = [];
  #begun: ReadyInstance[] = [];
  #hasLeft = false;

  constructor(parts: RunStepsParts) {
    this.#parts = parts;
    this.#deadlines = new TimedWaits(parts.clock, parts.wake);
  }

  /** How many tasks wait for other runs. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** True when tries are recorded, or about to be, and not carried out yet. */
  get wantsToSubmit(): boolean {
    return this.#begun.length > 0;
  }

  /** An instance may begin, or go on with the try that an earlier holder of the run began. */
  enqueue(instance: ReadyInstance): void {
    this.#ready.push(instance);
  }

  /** Begins everything that is ready. */
  begin(): void {
    const { table, context } = this.#parts;
    for (const { node, mapIndex } of this.#ready.splice(0)) {
      const { waitingSince, tryNumber } = table.get(node, mapIndex);
      if (waitingSince === null) {
        const now = context.clock.now();
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
   * Carries out what has begun; call once it is written. After a fault, and when it was not sure of the lease
   * any more, call again.
   */
  async submit(run: DagRun): Promise<void> {
    const { areLeasesSure } = this.#parts.context;
    for (let next = this.#begun[0]; next; next = this.#begun[0]) {
      if (this.#hasLeft || !areLeasesSure()) return;
      const outcome = await this.#carryOut(run, next);
      this.#begun.shift();
      this.#report(next, outcome);
    }
  }

  /** What an event of a try that is still under way comes to; undefined for one that changes nothing. */
  take({ node, mapIndex, tryNumber, outcome }: StepEvent): AttemptOutcome | undefined {
    const { table } = this.#parts;
    const row = table.find(node, mapIndex);
    const isUnderWay = row?.state === "running" || row?.state === "up_for_reschedule";
    if (!isUnderWay || row.tryNumber !== tryNumber) return undefined;
    if (outcome.kind !== "waits") return outcome;
    if (row.state === "running") table.change(node, mapIndex, { state: "up_for_reschedule" });
    return undefined;
  }

  /** Reports the tries that have waited for as long as they may. */
  reportLate(): void {
    const now = this.#parts.context.clock.now();
    for (const instance of this.#deadlines.takeDue()) {
      const wait = this.#waits.get(nameOf(instance));
      const step = instance.node.task.runStep;
      if (!wait || !step || wait.timeoutMs === null || wait.deadline > now + EARLY_MS) continue;
      this.#stopWaiting(instance);
      this.#report(instance, stepTimedOut(step, wait.run, wait.standing, wait.timeoutMs));
    }
  }

  /** The run is in other hands, which go on waiting. */
  leave(): void {
    this.#hasLeft = true;
    for (const { cancel } of this.#waits.values()) cancel();
    this.#waits.clear();
  }

  async #carryOut(run: DagRun, instance: ReadyInstance): Promise<StepEvent["outcome"]> {
    const { context, table } = this.#parts;
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
      if (!(error instanceof MemodagError) || OPERATIONAL.has(error.code)) throw error;
      return stepFailed({ code: error.code, message: error.message });
    }
  }

  async #readArguments({ node, mapIndex }: ReadyInstance): Promise<StepArguments> {
    const { results, argsOf } = this.#parts;
    const args = argsOf(node, mapIndex);
    const sizeBytes = args.reduce((sum, [, template]) => sum + results.sizeOf(template), 0);
    if (sizeBytes > MOST_BYTES) {
      throw new MemodagError(
        "value_too_large",
        `What the task hands to the run is made of ${sizeBytes} bytes, more than ${MOST_BYTES}: ` +
          "let a task before it return the part that is needed, or where to find it",
        { fields: { sizeBytes } },
      );
    }
    return assembleArguments(await readInputs(args, results));
  }

  #wait(instance: ReadyInstance, run: WantedRun, timeoutMs: number | null): void {
    if (this.#hasLeft) return;
    const { context, table } = this.#parts;
    const step = stepOf(instance.node);
    const { waitingSince } = table.get(instance.node, instance.mapIndex);
    const deadline = (waitingSince ?? context.clock.now()) + (timeoutMs ?? 0);
    const wait: Wait = { run, timeoutMs, deadline, standing: undefined, cancel: () => undefined };
    this.#waits.set(nameOf(instance), wait);
    if (timeoutMs !== null) this.#deadlines.add(instance, deadline);
    wait.cancel = context.awaited.watch({
      run,
      everyMs: step.pokeIntervalMs,
      onSeen: (standing) => {
        wait.standing = standing;
        const outcome = outcomeOf(step, run, standing);
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
    const row = this.#parts.table.find(node, mapIndex);
    if (this.#hasLeft || !row) return;
    this.#parts.handle({ kind: "step", node, mapIndex, tryNumber: row.tryNumber, outcome });
  }
}

/** What says nothing of the task: the pass is made again. */
const OPERATIONAL: ReadonlySet<string> = new Set(["database_unreachable"]);

function stepOf({ task }: DagNode): SerializedRunStep {
  if (!task.runStep) throw new Error(`task "${task.taskId}" is for a worker to run`);
  return task.runStep;
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
