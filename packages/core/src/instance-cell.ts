// The alphabet of views: one letter for each pair of a state and a cache status.
//
// Letters are stored, and programs of other versions read them: a letter never changes its meaning. A further cache
// status is a further column, a further state a further line, both with unused letters.

import type { CacheStatus, TaskInstanceState } from "./states.ts";

/** The meaning of a letter. */
export interface InstanceCell {
  readonly state: TaskInstanceState;
  /** `null`: the cache has not been asked. */
  readonly cacheStatus: CacheStatus | null;
}

/** The order of the letters of a line. */
const COLUMNS: readonly (CacheStatus | null)[] = [
  null,
  "disabled",
  "hit",
  "miss",
  "populated",
  "lookup_timeout",
  "lookup_failure",
  "put_failure",
  "skipped",
  "uncacheable",
  "staged",
  "rolled_back",
];

/** None that JSON or HTML escapes. Those that are common take one byte of UTF-8. */
const LETTERS: Readonly<Record<TaskInstanceState, string>> = {
  success: "sSHmPtlwkUGB",
  failed: "fFhMpTLWKugb",
  running: "rR0a1234A567",
  queued: "qQ8i9cCdIDeE",
  scheduled: "zZ!j#$%(J)*+",
  none: ".:,;-=?@[]^_",
  skipped: "xX`{|}~/nNoO",
  upstream_failed: "vVyYÀÁÂÃÄÅÆÇ",
  up_for_retry: "ÈÉÊËÌÍÎÏÐÑÒÓ",
  up_for_reschedule: "ÔÕÖØÙÚÛÜÝÞßà",
  removed: "áâãäåæçèéêëì",
};

const CELLS: ReadonlyMap<string, InstanceCell> = new Map(
  Object.entries(LETTERS).flatMap(([state, letters]) =>
    [...letters].map((letter, column) => [
      letter,
      { state: state as TaskInstanceState, cacheStatus: COLUMNS[column] ?? null },
    ]),
  ),
);

const COLUMN_OF: ReadonlyMap<CacheStatus | null, number> = new Map(
  COLUMNS.map((status, column) => [status, column]),
);

/** Every letter, with what it stands for. */
export const INSTANCE_CELLS: readonly (InstanceCell & { readonly letter: string })[] = [...CELLS].map(
  ([letter, cell]) => ({ letter, ...cell }),
);

/** The letter of a state and a cache status, such as `"H"` for a success that was a hit. */
export function cellOf({ state, cacheStatus }: InstanceCell): string {
  return LETTERS[state].charAt(COLUMN_OF.get(cacheStatus) ?? 0);
}

/** Returns the meaning of a letter; undefined if it is none of the alphabet. */
export function readCell(letter: string): InstanceCell | undefined {
  return CELLS.get(letter);
}
