// Names the components of a key for people.

import type { ComponentChange } from "@memodag/result-cache";

const WHAT = {
  edition: "its key edition",
  runtime: "runtime",
  file: "file",
  entry: "entry",
  team: "its team",
  dag: "its Dag's id",
  task: "its id",
  share: "the name that it shares results by",
  input: "input",
  context: "context value",
  env: "environment variable",
  key: "the answer of its key function",
  version: "its version",
  source: "source",
  package: "package",
} as const;

/** Such as `input rows changed`, or `runtime node 24.21.0 → 26.1.0`. */
export function whatChanged({ kind, path, before, after }: ComponentChange): string {
  if (kind !== "runtime") return `${WHAT[kind]}${isNamed(kind) ? ` ${path}` : ""} changed`;
  // The digest of a program means nothing to a reader.
  if (path.startsWith("program ") || before === null || after === null) return `${path} changed`;
  return `runtime ${path} ${before} → ${after}`;
}

function isNamed(kind: keyof typeof WHAT): boolean {
  return !/^(?:its|the) /.test(WHAT[kind]);
}
