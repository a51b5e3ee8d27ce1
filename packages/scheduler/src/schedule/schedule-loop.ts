// Creates scheduled runs when their dates come. Any number of schedulers may do so on one database.

import {
  messageOf,
  type CancelTimer,
  type Clock,
  type DagStore,
  type DagVersion,
  type DueDag,
  type Logger,
  type NewDagRun,
  type ScheduleStore,
  type Live,
} from "@memodag/core";
import { Backoff } from "../time/backoff.ts";
import { newDatedRun } from "../requests/trigger-run.ts";
import { nextStep, type ScheduleStep } from "./next-step.ts";

export interface ScheduleLoopParts {
  readonly schedules: ScheduleStore;
  readonly dags: Pick<DagStore, "getDagVersion">;
  /** For timers only: the database's clock decides what is due. */
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly log: Logger;
  /** The interval in milliseconds at which it looks if nothing wakes it. */
  readonly options: { readonly pollMs: Live<number> };
  /** Called when there is a new run to claim. */
  readonly onRunMade: () => void;
}

/** How long a Dag whose step failed is skipped, in milliseconds; a new version of it is tried at once. */
const STEP_RESTS = { firstMs: 1_000, longestMs: 300_000 };

/** Looks for due dates whenever it is woken, and when the next one comes. */
export class ScheduleLoop {
  readonly #parts: ScheduleLoopParts;
  readonly #faults: Backoff<string>;
  #isPassing = false;
  #isDue = false;
  #isClosed = false;
  #underWay = Promise.resolve();
  #cancelTimer: CancelTimer = () => undefined;

  constructor(parts: ScheduleLoopParts) {
    this.#parts = parts;
    this.#faults = new Backoff(parts.clock, STEP_RESTS);
  }

  /** Looks now; call when a Dag may have changed or may have capacity for another run. */
  wake(): void {
    this.#isDue = true;
    if (this.#isPassing || this.#isClosed) return;
    this.#isPassing = true;
    this.#cancelTimer();
    this.#underWay = this.#passWhileDue();
  }

  /** Creates no more runs; resolves when the work in progress has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#underWay;
  }

  async #passWhileDue(): Promise<void> {
    const { clock, log, options } = this.#parts;
    let restMs = options.pollMs();
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      try {
        restMs = await this.#pass();
      } catch (error) {
        // The poll tries again.
        log.error("could not look for due dates", { error: messageOf(error) });
        restMs = options.pollMs();
      }
    }
    this.#isPassing = false;
    if (!this.#isClosed) {
      this.#cancelTimer = clock.after(Math.min(restMs, options.pollMs()), () => this.wake());
    }
  }

  /** Advances each due Dag by one step, and resolves to the time until the next date, in milliseconds. */
  async #pass(): Promise<number> {
    const { schedules } = this.#parts;
    const now = await schedules.readClock();
    const { dags, nextDate } = await schedules.listDueDags(now);
    for (const due of dags) {
      if (this.#isClosed) break;
      // There may be another date to catch up on, or one that is earlier than those planned before.
      if (await this.#tryStep(due, now)) this.#isDue = true;
    }
    return nextDate === null ? Number.POSITIVE_INFINITY : nextDate - now;
  }

  /** A Dag whose step fails is skipped for a while, and does not hold up others. */
  async #tryStep(due: DueDag, now: number): Promise<boolean> {
    const { team, dagId, versionId } = due;
    const name = JSON.stringify([team, dagId, versionId]);
    if (this.#faults.remainingMs(name) > 0) return false;
    try {
      const hasMoved = await this.#takeStep(due, now);
      this.#faults.forget(name);
      return hasMoved;
    } catch (error) {
      const restMs = this.#faults.failed(name);
      const fields = { team, dagId, restMs, error: messageOf(error) };
      this.#parts.log.error("a Dag's schedule could not be evaluated and is skipped for a while", fields);
      return false;
    }
  }

  /** True when the plan has advanced. */
  async #takeStep(due: DueDag, now: number): Promise<boolean> {
    const { schedules, dags, log, onRunMade } = this.#parts;
    const version = await dags.getDagVersion(due.versionId);
    const { run, nextDate, lastDate } = await this.#planOf(version, due, now);
    const { maxActiveRuns } = version.dag;
    const outcome = await schedules.writePlan({ leaves: due, run, nextDate, lastDate, maxActiveRuns });
    // Another scheduler was faster; the next look sees its result.
    if (outcome.kind !== "planned") return false;
    if (outcome.run) {
      log.info("scheduled run made", { dagId: due.dagId, runId: outcome.run.runId });
      onRunMade();
    }
    return true;
  }

  async #planOf(
    version: DagVersion,
    due: DueDag,
    now: number,
  ): Promise<Omit<ScheduleStep, "runDate"> & { readonly run: NewDagRun | null }> {
    try {
      const { runDate, ...step } = nextStep(version.dag, due, now);
      if (runDate === null) return { ...step, run: null };
      const inputs = { conf: {}, params: {}, cacheMode: "use" } as const;
      return { ...step, run: await newDatedRun({ version, logicalDate: runDate, ...inputs }, "scheduled") };
    } catch (error) {
      // Possibly written by another version of the program; one Dag must not hold up the others.
      this.#parts.log.error("a Dag's schedule cannot be evaluated until its file changes", {
        dagId: due.dagId,
        error: messageOf(error),
      });
      return { run: null, nextDate: null, lastDate: due.lastDate };
    }
  }
}
