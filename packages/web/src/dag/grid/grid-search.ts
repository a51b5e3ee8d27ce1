// The choices of a grid, which are in its address: which rows, and whether it is a table.

/** The choices of a grid. */
export interface GridSearch {
  /** `failed`: tasks that failed in one of the runs. `ran`: those that ran. */
  readonly show?: "failed" | "ran";
  /** A part of the task's id. */
  readonly text?: string;
  readonly as?: "table";
}

/** Reads them from an address; what is none of them is left out. */
export function readGridSearch({ show, text, as }: Record<string, unknown>): GridSearch {
  return {
    ...((show === "failed" || show === "ran") && { show }),
    ...(typeof text === "string" && text !== "" && { text }),
    ...(as === "table" && { as }),
  };
}
