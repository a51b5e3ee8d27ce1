// The tabs of a task instance, and what they are given.

import type { OutputOf } from "../data/api.ts";

/** Names of the tabs. */
export const INSTANCE_TABS = ["why", "log", "values", "tries", "details"] as const;

/** A tab. */
export type InstanceTab = (typeof INSTANCE_TABS)[number];

/** Reads a tab from an address; undefined: it is none. */
export function readTab(value: unknown): InstanceTab | undefined {
  return INSTANCE_TABS.find((tab) => tab === value);
}

/** The tab that is shown first: the log of what failed or runs, else why it ran or did not. */
export function firstTab(state: string): InstanceTab {
  return state === "failed" || state === "running" ? "log" : "why";
}

/** Names an instance. */
export interface InstanceParams {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** -1: the task is not mapped. */
  readonly mapIndex: number;
}

/** An instance with its tries. */
export type ShownInstance = OutputOf<"tasks.show">;

/** The parts that a tab needs. */
export interface TabProps {
  readonly name: InstanceParams;
  readonly instance: ShownInstance;
}
