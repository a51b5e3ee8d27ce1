// Counts about the cache for each task, and their sum.

/** A task by all of its names. */
export interface TaskName {
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
}

/** Counts that add up; all but `lookupMaxMs`, of which the larger one stays. */
export const COUNT_NAMES = [
  "hits",
  "misses",
  "unusable",
  "populated",
  "refreshes",
  "uncacheable",
  "lookupTimeouts",
  "lookupFailures",
  "putFailures",
  "nondeterministic",
  "storedBytes",
  "lookups",
  "lookupMs",
  "lookupMaxMs",
  "savedMs",
] as const;

/** Name of a count. */
export type CountName = (typeof COUNT_NAMES)[number];

/**
 * The effects of the cache for one task.
 *
 * - `hits`, `misses`: instances that were answered; `unusable`: misses whose entry had lost its bytes
 * - `populated`: misses whose result was stored; `refreshes`: instances that were told not to look
 * - `uncacheable`: instances without a key, or whose result was not fit to be stored
 * - `lookupTimeouts`, `lookupFailures`, `putFailures`: instances that the cache failed
 * - `nondeterministic`: results that differed from the live entry under their key
 * - `storedBytes`: bytes of the results that were stored
 * - `lookups`: instances that asked; `lookupMs`, `lookupMaxMs`: how long they waited for the answer, in
 *   all and the longest
 * - `savedMs`: what the attempts took that hits stood in for
 */
export type CacheCounts = Readonly<Record<CountName, number>>;

/** Counts of one task. */
export interface TaskCounts extends TaskName {
  readonly counts: CacheCounts;
}

/** Counts of nothing. */
export const NO_COUNTS: CacheCounts = Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])) as Record<
  CountName,
  number
>;

/** Counts that are still being added to. */
export type MutableCounts = Record<CountName, number>;

/** Adds `more` to `counts`, in place: this is done for every task of every pass. */
export function addCounts(counts: MutableCounts, more: Partial<CacheCounts>): void {
  for (const [name, count] of Object.entries(more) as [CountName, number][]) {
    counts[name] = name === "lookupMaxMs" ? Math.max(counts[name], count) : counts[name] + count;
  }
}
