// The filters of the list of runs, which are in its address.

import type { DagRunState, DagRunType } from "@memodag/core";
import type { InputOf } from "../data/api.ts";

/** Filters of the list. */
export interface RunsSearch {
  readonly state?: DagRunState;
  readonly type?: DagRunType;
  /** A part of the id of a run or its Dag. */
  readonly text?: string;
  /** The page: a cursor of the API. */
  readonly after?: string | undefined;
}

const STATES: readonly string[] = ["queued", "running", "success", "failed"] satisfies DagRunState[];
const TYPES: readonly string[] = ["manual", "scheduled", "backfill"] satisfies DagRunType[];

/** Reads them from an address; what is none of them is left out. */
export function readSearch({ state, type, text, after }: Record<string, unknown>): RunsSearch {
  return {
    ...(STATES.includes(state as string) && { state: state as DagRunState }),
    ...(TYPES.includes(type as string) && { type: type as DagRunType }),
    ...(typeof text === "string" && text !== "" && { text }),
    ...(typeof after === "string" && { after }),
  };
}

/** The question for a page of the list. */
export function runsInput({
  team,
  state,
  type,
  text,
  after,
}: RunsSearch & { readonly team?: string | undefined }): InputOf<"runs.list"> {
  return { team, state, runType: type, text, after };
}
