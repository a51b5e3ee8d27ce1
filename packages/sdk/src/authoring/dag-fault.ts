// Errors of an invalid Dag: they name the Dag, the task, the problem and the fix.

import { MemodagError } from "@memodag/core";

/** The place of a fault in a Dag file. */
export interface FaultPlace {
  readonly dagId: string;
  readonly taskId?: string;
  /** Set for a fault of a task group. */
  readonly groupId?: string;
}

/** The problem at a place and how to fix it. */
export interface Fault {
  readonly problem: string;
  readonly fix: string;
  readonly cause?: unknown;
}

/** Creates the `dag_invalid` error of a fault. */
export function dagInvalid(place: FaultPlace, { problem, fix, cause }: Fault): MemodagError {
  const { dagId, taskId, groupId } = place;
  const within = groupId === undefined ? "" : `, task group "${groupId}"`;
  const where = taskId === undefined ? within : `, task "${taskId}"`;
  return new MemodagError("dag_invalid", `Dag "${dagId}"${where}: ${problem}: ${fix}`, {
    fields: { ...place },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Formats a value of unknown shape for a message, shortened to one line. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value).slice(0, 80);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
