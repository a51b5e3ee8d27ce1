// Which answers a changed run makes old.

/** A run as events name it. */
export interface ChangedRun {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly state: string;
  readonly revision: number;
}

/** Operations whose answers change with runs, by their names' beginnings. */
const ABOUT_RUNS = [
  "approvals.",
  "cache.explain",
  "dags.calendar",
  "dags.grid",
  "dags.list",
  "entries.",
  "runs.",
  "tasks.",
] as const;

const NAMES = ["team", "dagId", "runId"] as const;

/** True if the answer to a question depends on one of the runs: their names are those of its input, as far as it has them. */
export function isAffected(queryKey: readonly unknown[], runs: readonly ChangedRun[]): boolean {
  const [name, input] = queryKey;
  if (typeof name !== "string" || !ABOUT_RUNS.some((beginning) => name.startsWith(beginning))) return false;
  const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
  return runs.some((run) =>
    NAMES.every((field) => fields[field] === undefined || fields[field] === run[field]),
  );
}
