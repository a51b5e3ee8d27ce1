// Filters of cache entries in the address, and the same as a selection and as options of the command line.

import { quoted } from "../format/quoted.ts";
import type { InputOf } from "../data/api.ts";

const SORTS = ["age", "size", "hits", "saved"] as const;

/** Orders of the list. */
export type EntrySort = (typeof SORTS)[number];

/** Filters, order and page. */
export interface EntriesSearch {
  readonly dag?: string | undefined;
  readonly task?: string | undefined;
  /** `DAG/RUN`, or a run of `dag`. */
  readonly run?: string | undefined;
  /** The first digits. */
  readonly key?: string | undefined;
  /** Days. */
  readonly older?: number | undefined;
  readonly expired?: true | undefined;
  readonly sort?: EntrySort | undefined;
  readonly ascending?: true | undefined;
  /** A cursor of the API. */
  readonly after?: string | undefined;
}

/** The fields that select entries. */
export type EntrySelection = Pick<
  InputOf<"cache.purge">,
  "team" | "dagId" | "taskId" | "run" | "key" | "olderThanMs" | "expired"
>;

const DAY_MS = 86_400_000;

const TEXTS = ["dag", "task", "run", "key", "after"] as const;

/** Reads the address; what is no filter is left out. */
export function readEntriesSearch(search: Record<string, unknown>): EntriesSearch {
  const { older, expired, sort, ascending } = search;
  const texts = TEXTS.flatMap((name) => {
    const value = search[name];
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && text !== "" ? [[name, text] as const] : [];
  });
  return {
    ...(Object.fromEntries(texts) as EntriesSearch),
    ...(typeof older === "number" && older > 0 && { older }),
    ...(expired === true && { expired }),
    ...(SORTS.some((some) => some === sort) && { sort: sort as EntrySort }),
    ...(ascending === true && { ascending }),
  };
}

/** Returns the selection of the filters. */
export function selectionOf({
  team,
  dag,
  task,
  run,
  key,
  older,
  expired,
}: EntriesSearch & { readonly team?: string | undefined }): EntrySelection {
  const digits = key
    ?.toLowerCase()
    .replaceAll(/[^0-9a-f]/g, "")
    .slice(0, 64);
  return {
    team,
    dagId: dag,
    taskId: task,
    run,
    key: digits === "" ? undefined : digits,
    olderThanMs: older === undefined ? undefined : Math.round(older * DAY_MS),
    expired,
  };
}

/** Returns the question for a page of entries. */
export function entriesInput(
  search: EntriesSearch & { readonly team?: string | undefined },
): InputOf<"cache.list"> {
  const { sort, ascending, after } = search;
  return { ...selectionOf(search), sort, ascending, after };
}

/** True if all entries of the team are selected. */
export function isEverything(selection: EntrySelection): boolean {
  return Object.entries(selection).every(([name, value]) => name === "team" || value === undefined);
}

/** Returns the options of the command line that select the same. */
export function optionsOf({ team, dagId, taskId, run, key, olderThanMs, expired }: EntrySelection): string {
  const texts = { team, dag: dagId, task: taskId, run, key };
  return [
    ...Object.entries(texts).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${quoted(value)}`],
    ),
    ...(olderThanMs === undefined ? [] : [`--older-than ${+(olderThanMs / DAY_MS).toFixed(3)}d`]),
    ...(expired ? ["--expired"] : []),
  ].join(" ");
}
