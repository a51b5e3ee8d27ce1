// Ports of the host program: a scheduler for runs, and a watch on them.

import type { DagRun, Logger } from "@memodag/core";
import type { Scheduler, SchedulerListener } from "@memodag/scheduler";

/** The runs for which a scheduler is opened. */
export interface HostedRuns {
  readonly team: string;
  readonly dagId: string;
  /** By number. */
  readonly runs: readonly number[];
  readonly log: Logger;
  readonly listener: SchedulerListener;
}

/** A scheduler of this process with its executor. */
export interface HostedScheduler extends Pick<
  Scheduler,
  "start" | "wake" | "whenOver" | "whenCallbacksCalled" | "heldRuns"
> {
  /** Drains for the configured grace period and closes everything. */
  stop(): Promise<void>;
}

/** Executes runs in this process. */
export type OpenScheduler = (runs: HostedRuns) => Promise<HostedScheduler>;

/** Watches runs while they are in progress. */
export interface RunWatch {
  readonly listener: SchedulerListener;
  readonly log: Logger;
  close(): void;
}

/** An event while a Dag is run to its end. */
export type RunEvent =
  /** An earlier version is run because a file of the Dag currently cannot be read; `fault` says why. */
  | { readonly kind: "last_good"; readonly fault: string }
  /** Another run of the Dag was interrupted, which this operation does not continue. */
  | { readonly kind: "interrupted"; readonly run: DagRun }
  /** The signal was aborted for `cause`. */
  | {
      readonly kind: "cancelling";
      readonly dagId: string;
      readonly runIds: readonly string[];
      readonly cause: string;
    };
