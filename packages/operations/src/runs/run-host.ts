// Ports of the program in which operations run: a scheduler for runs, and a watch on them.

import type { DagRun, Logger } from "@memodag/core";
import type { Scheduler, SchedulerListener } from "@memodag/scheduler";

/** Which runs a scheduler is opened for. */
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
  /** Drains for the configured grace and lets go of everything. */
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

/** Something that is told while a Dag is run to its end. */
export type RunEvent =
  /** A version from before is run, since a file of the Dag cannot be read as it is; `fault` says why. */
  | { readonly kind: "last_good"; readonly fault: string }
  /** Another run of the Dag was left behind, which this one does not continue. */
  | { readonly kind: "interrupted"; readonly run: DagRun }
  /** The signal was aborted for `cause`. */
  | {
      readonly kind: "cancelling";
      readonly dagId: string;
      readonly runIds: readonly string[];
      readonly cause: string;
    };
