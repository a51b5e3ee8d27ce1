// Options that say which entries of the cache are meant; the same for listing and for purging.

import type { RecordFilter, RecordStore } from "@memodag/result-cache";
import type { Command } from "commander";
import { type TeamOptions } from "./common-options.ts";
import { parseAge, parseDigest } from "./parse-arguments.ts";

/** The options of {@link withFilterOptions}. */
export interface FilterOptions extends TeamOptions {
  readonly dag?: string;
  readonly task?: string;
  readonly run?: string;
  readonly key?: string;
  readonly sourceHash?: string;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly expired?: boolean;
}

/** Adds the options that narrow which entries are meant. All text is matched whole. */
export function withFilterOptions(command: Command): Command {
  return command
    .option("--dag <id>", "entries of this Dag")
    .option("--task <id>", "entries of tasks with this id")
    .option("--run <id>", "entries that this run stored")
    .option("--key <digits>", "the entry with this key, or with these first digits", parseDigest)
    .option("--source-hash <digest>", "entries of this version of the code", parseDigest)
    .option("--older-than <age>", 'entries older than this, such as "7d"', parseAge)
    .option("--expired", "entries that no task can hit any more");
}

/**
 * The filter that the options make; an empty one when there are none.
 * @throws MemodagError `cache_key_ambiguous`, `cache_key_not_found` for first digits of a key.
 */
export async function toRecordFilter(
  { records }: { readonly records: RecordStore },
  options: FilterOptions,
): Promise<RecordFilter> {
  const { team, dag, task, run, key, sourceHash, olderThan, expired } = options;
  const wholeKey = key === undefined ? undefined : await completeKey(records, key, team);
  return {
    ...(team !== undefined && { team }),
    ...(dag !== undefined && { dagId: dag }),
    ...(task !== undefined && { taskId: task }),
    ...(run !== undefined && { runId: run }),
    ...(wholeKey !== undefined && { key: wholeKey }),
    ...(sourceHash !== undefined && { sourceHash }),
    ...(olderThan !== undefined && { olderThanMs: olderThan }),
    ...(expired === true && { expired }),
  };
}

const WHOLE_KEY = 64;

async function completeKey(records: RecordStore, key: string, team: string | undefined): Promise<string> {
  if (key.length === WHOLE_KEY) return key;
  const { getRecord } = await import("../wiring/find-record.ts");
  return (await getRecord(records, key, team)).key;
}
