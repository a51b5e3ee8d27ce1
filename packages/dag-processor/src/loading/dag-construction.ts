// Finds the line of a Dag file that creates a Dag, for faults without a line of their own.

const CONSTRUCTS_DAG = /\bnew\s+Dag\s*(?:<[^>]*>\s*)?\(\s*(["'`])(.*?)\1/g;

/** Returns the line, starting at 1, of `new Dag("dagId", …)`, or `null`. */
export function findConstruction(source: string, dagId: string | null): number | null {
  for (const { index, 2: id } of source.matchAll(CONSTRUCTS_DAG)) {
    if (id === dagId) return source.slice(0, index).split("\n").length;
  }
  return null;
}
