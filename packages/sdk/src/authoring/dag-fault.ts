// How a Dag that cannot be right says so: which Dag, which task, what is wrong, and the mend.

import { MemodagError } from "@memodag/core";

/** Where in a Dag file a fault is. */
export interface FaultPlace {
  readonly dagId: string;
  readonly taskId?: string;
  /** A task group, where no task is named. */
  readonly groupId?: string;
}

/** What is wrong at a place, and how to mend it. */
export interface Fault {
  readonly problem: string;
  readonly mend: string;
  readonly cause?: unknown;
}

/** The error `dag_invalid` for a fault. */
export function dagInvalid(place: FaultPlace, { problem, mend, cause }: Fault): MemodagError {
  const { dagId, taskId, groupId } = place;
  const within = groupId === undefined ? "" : `, task group "${groupId}"`;
  const where = taskId === undefined ? within : `, task "${taskId}"`;
  return new MemodagError("dag_invalid", `Dag "${dagId}"${where}: ${problem}: ${mend}`, {
    fields: { ...place },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Writes a value of unknown shape for a message, cut to a line. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value).slice(0, 80);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
