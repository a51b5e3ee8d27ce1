// The filters of the list of runs, which are in its address.

import type { DagRunState, DagRunType } from "@memodag/core";
import type { InputOf } from "../data/api.ts";

/** Filters of the list. */
export interface RunsSearch {
  readonly state?: DagRunState;
  readonly type?: DagRunType;
  /** A part of the id of a run or its Dag. */
  readonly text?: string;
  /** The first day on which they were made, such as 2026-11-03, in the time zone of the browser. */
  readonly from?: string;
  /** The last day. */
  readonly to?: string;
  /** The page: a cursor of the API. */
  readonly after?: string | undefined;
}

const STATES: readonly string[] = ["queued", "running", "success", "failed"] satisfies DagRunState[];
const TYPES: readonly string[] = ["manual", "scheduled", "backfill"] satisfies DagRunType[];

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight at the beginning of a day, or of one after it, as ISO 8601; undefined: it is no day. */
function midnight(day: unknown, later = 0): string | undefined {
  if (typeof day !== "string" || !DAY.test(day)) return undefined;
  const date = new Date(`${day}T00:00`);
  if (Number.isNaN(date.getTime())) return undefined;
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

/** Reads them from an address; what is none of them is left out. */
export function readSearch({ state, type, text, from, to, after }: Record<string, unknown>): RunsSearch {
  return {
    ...(STATES.includes(state as string) && { state: state as DagRunState }),
    ...(TYPES.includes(type as string) && { type: type as DagRunType }),
    ...(typeof text === "string" && text !== "" && { text }),
    ...(midnight(from) !== undefined && { from: from as string }),
    ...(midnight(to) !== undefined && { to: to as string }),
    ...(typeof after === "string" && { after }),
  };
}

/** The question for a page of the list. */
export function runsInput({
  team,
  state,
  type,
  text,
  from,
  to,
  after,
}: RunsSearch & { readonly team?: string | undefined }): InputOf<"runs.list"> {
  return { team, state, runType: type, text, from: midnight(from), to: midnight(to, 1), after };
}
