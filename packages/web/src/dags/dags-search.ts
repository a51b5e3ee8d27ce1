// The filters of the list of Dags, which are in its address.

/** Runs that are asked for, of all Dags together: the last ones of each are shown. */
export const RECENT_RUNS = 300;

/** The filters. */
export interface DagsSearch {
  readonly show?: "active" | "paused";
  readonly tag?: string;
  /** A part of a Dag's id. */
  readonly text?: string;
}

/** Reads them from an address; what is none of them is left out. */
export function readDagsSearch({ show, tag, text }: Record<string, unknown>): DagsSearch {
  return {
    ...((show === "active" || show === "paused") && { show }),
    ...(typeof tag === "string" && tag !== "" && { tag }),
    ...(typeof text === "string" && text !== "" && { text }),
  };
}
