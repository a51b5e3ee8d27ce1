// Finds where in its text a Dag file makes a Dag, for faults that have no line of their own.

const CONSTRUCTS_DAG = /\bnew\s+Dag\s*(?:<[^>]*>\s*)?\(\s*(["'`])(.*?)\1/g;

/** The line, from 1, of `new Dag("dagId", …)`; `null` when no line says so. */
export function findConstruction(source: string, dagId: string | null): number | null {
  for (const { index, 2: id } of source.matchAll(CONSTRUCTS_DAG)) {
    if (id === dagId) return source.slice(0, index).split("\n").length;
  }
  return null;
}
